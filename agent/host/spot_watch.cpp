#include "agent/host/spot_watch.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/session/backoff.hpp"

namespace berth::agent {
namespace {

constexpr const char* kPath = "/latest/meta-data/spot/instance-action";

std::string wordOf(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::optional<SpotAction> parseSpotAction(std::string_view document) {
  const auto json = nlohmann::json::parse(document, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  SpotAction out{wordOf(json, "action"), wordOf(json, "time")};
  for (const char* known : {"terminate", "stop", "hibernate"})
    if (out.action == known) return out;
  return std::nullopt;
}

Async<std::optional<SpotAction>> SpotWatch::look(std::stop_token stop) {
  auto document = co_await metadata_.read(kPath, stop);
  if (stop.stop_requested()) co_return std::nullopt;
  const bool answered = document || document.error().code == Code::NotFound;
  if (answered) {
    if (!std::exchange(told_, {}).empty()) log_.info("the instance metadata service answers again");
    co_return document ? parseSpotAction(*document) : std::nullopt;
  }
  if (told_ != document.error().message) {
    told_ = document.error().message;
    log_.warn("an interruption of this spot instance would not be seen: asking again and again",
              {{"reason", told_}});
  }
  co_return std::nullopt;
}

Async<void> SpotWatch::run(std::stop_token stop) {
  std::optional<SpotAction> action;
  while (!action) {
    action = co_await look(stop);
    if (!action && !co_await sleepFor(options_.interval, stop)) co_return;
  }
  log_.warn("EC2 takes this spot instance back: draining it",
            {{"action", action->action}, {"at", action->time}});
  Backoff backoff({options_.firstRetry, options_.firstRetry * 10, 2.0, 0.2}, random_);
  while (!stop.stop_requested()) {
    const Status drained = co_await drain_(stop);
    if (drained) {
      log_.info("this host drains: no new task is placed here", {{"at", action->time}});
      co_return;
    }
    log_.error("can't drain this host before it is taken back: trying again",
               {{"reason", drained.error().message}, {"at", action->time}});
    co_await sleepFor(backoff.next(), stop);
  }
}

}  // namespace berth::agent
