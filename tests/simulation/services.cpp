// Users of services: they make them, scale them and roll them while things go wrong.
#include "tests/simulation/scenario.hpp"

namespace berth::simulation {
namespace {

using std::chrono::seconds;

constexpr int64_t kMostDesired = 5;
constexpr Duration kBetweenUpdates = seconds(30);
/// Its deployments are watched by an alarm.
constexpr size_t kWatched = 2;
constexpr const char* kAlarm = "latency";

}  // namespace

void Scenario::setUpServices() {
  World& world = cluster_.world();
  static const std::pair<int64_t, int64_t> kBounds[] = {{100, 200}, {50, 100}, {50, 150}, {0, 100}};
  for (size_t i = 0; i < options_.services; ++i) {
    const auto& [least, most] = kBounds[i % std::size(kBounds)];
    Json input{{"serviceName", "s" + std::to_string(i)},
               {"taskDefinition", "web"},
               {"clientToken", randomUuid(world.random())},
               {"desiredCount", 1 + static_cast<int64_t>(world.random().below(kMostDesired))},
               {"deploymentConfiguration", {{"minimumHealthyPercent", least}, {"maximumPercent", most}}}};
    if (i == kWatched) {
      input["deploymentConfiguration"]["alarms"] = {
          {"alarmNames", Json::array({kAlarm})}, {"enable", true}, {"rollback", true}};
    }
    call("CreateService", input, [this, i](const Json&) { updateService(i); });
  }
  if (options_.services == 0) return;
  const Json daemon{{"serviceName", "d"},
                    {"taskDefinition", "small"},
                    {"schedulingStrategy", "DAEMON"},
                    {"clientToken", randomUuid(world.random())}};
  call("CreateService", daemon, [this](const Json&) { rollDaemon(); });
  ringAlarm();
}

void Scenario::rollDaemon() {
  World& world = cluster_.world();
  if (!world.faults()) return;
  world.after(world.between(seconds(1), 2 * kBetweenUpdates), forever_, [this] {
    call("UpdateService", {{"service", "d"}, {"forceNewDeployment", true}},
         [this](const Json&) { rollDaemon(); });
  });
}

/// What watches from outside sees something, and some seconds later that it is over. The last deployment is
/// made when all is well again.
void Scenario::ringAlarm() {
  World& world = cluster_.world();
  const auto put = [this](const char* state, std::function<void()> then) {
    call("PutAlarm", {{"name", kAlarm}, {"alarm", {{"state", state}}}},
         [then = std::move(then)](const Json&) { then(); });
  };
  world.after(world.between(seconds(5), kBetweenUpdates), forever_, [this, put] {
    if (!cluster_.world().faults()) {
      return put("OK", [this] {
        const std::string watched = "s" + std::to_string(kWatched);
        call("UpdateService", {{"service", watched}, {"forceNewDeployment", true}}, [](const Json&) {});
      });
    }
    put("ALARM", [this, put] {
      World& at = cluster_.world();
      at.after(at.between(seconds(1), seconds(10)), forever_,
               [this, put] { put("OK", [this] { ringAlarm(); }); });
    });
  });
}

void Scenario::updateService(size_t number) {
  World& world = cluster_.world();
  if (!world.faults()) return;
  world.after(world.between(seconds(1), kBetweenUpdates), forever_, [this, number] {
    Json input{{"service", "s" + std::to_string(number)}};
    if (cluster_.world().chance(0.5)) {
      input["forceNewDeployment"] = true;
    } else {
      input["desiredCount"] = static_cast<int64_t>(cluster_.world().random().below(kMostDesired + 1));
    }
    call("UpdateService", input, [this, number](const Json&) { updateService(number); });
  });
}

}  // namespace berth::simulation
