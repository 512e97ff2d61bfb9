// Users of services: they make them, scale them and roll them while things go wrong.
#include "tests/simulation/scenario.hpp"

namespace berth::simulation {
namespace {

using std::chrono::seconds;

constexpr int64_t kMostDesired = 5;
constexpr Duration kBetweenUpdates = seconds(30);

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
    call("CreateService", input, [this, i](const Json&) { updateService(i); });
  }
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
