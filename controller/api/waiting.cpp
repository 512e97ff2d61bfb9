#include "controller/api/waiting.hpp"

#include <algorithm>

#include "controller/api/capacity.hpp"

namespace berth::controller {

ApiResult<Duration> waitOf(const Context& context, const std::string& tags,
                           const std::string& capacityProvider) {
  // Most calls have no tags, and then there is nothing to parse.
  const Json all = parsed(tags, Json::array());
  const auto tag = std::ranges::find_if(all, [](const Json& one) { return text(one, "key") == kWaitTag; });
  if (tag != all.end()) {
    const auto wait = parseDuration(text(*tag, "value"));
    if (wait && *wait <= kLongestWait) return *wait;
    return invalidParameter("The tag " + std::string(kWaitTag) + " must be a duration up to " +
                            formatDuration(kLongestWait) + ", like 10m, not '" + text(*tag, "value") + "'.");
  }
  const CapacityProvider* provider = context.state().capacityProvider(capacityProvider);
  const bool managed = provider && hasManagedScaling(parsed(provider->document, Json::object()));
  return managed ? context.providerWait : Duration::zero();
}

void endWithoutAgent(Task& task, WallTime now) {
  task.lastStatus = TaskStatus::Stopped;
  task.stopWanted = true;
  task.stoppingAt = task.stoppingAt.value_or(now);
  task.stoppedAt = now;
  for (TaskContainer& container : task.containers) container.status = ContainerStatus::Stopped;
}

}  // namespace berth::controller
