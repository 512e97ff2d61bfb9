#include "agent/former.hpp"

#include <algorithm>
#include <utility>

#include "agent/model/container_spec.hpp"
#include "agent/state/codec.hpp"
#include "common/async/callback.hpp"

namespace berth::agent {
namespace {

constexpr Duration kFirstWait = std::chrono::seconds(1);
constexpr Duration kLongestWait = std::chrono::seconds(30);

}  // namespace

void FormerInstances::sweep(const std::string& instanceArn, std::stop_token stop) {
  if (!arns_.insert(instanceArn).second) return;
  ++left_;
  swept_.reset();
  spawn(executor_, log_, "former registration",
        [this, instanceArn, stop = std::move(stop)] { return sweepOne(instanceArn, stop); });
}

Async<void> FormerInstances::settle(Duration most) {
  if (left_ > 0) co_await swept_.wait(most);
}

Async<void> FormerInstances::sweepOne(std::string instanceArn, std::stop_token stop) {
  std::string said;
  Duration wait = kFirstWait;
  while (!stop.stop_requested()) {
    const std::string left = co_await removeAll(instanceArn);
    if (left.empty()) {
      forget(instanceArn);
      break;
    }
    if (left != said) {
      log_.warn("containers of a former registration are left: trying again until they are gone",
                {{"container_instance", instanceArn}, {"reason", left}});
      said = left;
    }
    if (!co_await sleepFor(wait, stop)) break;
    wait = std::min(wait * 2, kLongestWait);
  }
  if (--left_ == 0) swept_.set();
}

/// Answers why containers are left, or nothing.
Async<std::string> FormerInstances::removeAll(std::string instanceArn) {
  const std::map<std::string, std::string> labels{{kInstanceLabel, instanceArn}};
  auto containers = co_await loopAwait<std::vector<RuntimeContainer>>(
      [&](auto done) { runtime_.list(labels, std::move(done)); });
  if (!containers) co_return containers.error().message;
  std::string failure;
  for (const RuntimeContainer& container : *containers) {
    auto removed = co_await loopAwait<std::monostate>(
        [&](auto done) { runtime_.remove(container.id, true, std::move(done)); });
    if (!removed && removed.error().code != Code::NotFound) {
      failure = container.name + ": " + removed.error().message;
    }
  }
  co_return failure;
}

void FormerInstances::forget(const std::string& instanceArn) {
  // Where this can't be stored, the next run looks again and finds nothing.
  store_.commit(sweptChanges(instanceArn), [](const Status&) {});
}

}  // namespace berth::agent
