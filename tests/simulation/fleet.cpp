// Users of a fleet: calls for several tasks at once that say where they are to go, hosts that are taken out
// of service and back, tasks that are run anew when their host is lost.
#include <algorithm>

#include "controller/model/entities.hpp"
#include "tests/simulation/families.hpp"
#include "tests/simulation/scenario.hpp"

namespace berth::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t kMostCopies = 10;
constexpr uint64_t kGroupsApart = 4;
constexpr Duration kBetweenCrashes = seconds(60);

bool withoutRoom(const Json& reply) {
  return std::ranges::any_of(reply["failures"], [](const Json& one) {
    return one["reason"].get<std::string>().starts_with("RESOURCE:");
  });
}

}  // namespace

void Scenario::setUpFleet() {
  World& world = cluster_.world();
  for (auto left = static_cast<int64_t>(options_.tasks); left > 0;) {
    const int64_t count =
        std::min<int64_t>(left, 1 + static_cast<int64_t>(world.random().below(kMostCopies)));
    left -= count;
    world.after(world.between(seconds(5), options_.faults), forever_, [this, count] { askFleet(count); });
  }
  world.after(kBetweenCrashes / 2, forever_, [this] { crashFleetController(); });
}

void Scenario::askFleet(int64_t count) {
  World& world = cluster_.world();
  const Manner& manner = manners()[world.random().below(manners().size())];
  const std::string family = kFamilies[world.random().below(std::size(kFamilies))];
  Json input = manner.options;
  input["taskDefinition"] = family;
  input["count"] = count;
  input["clientToken"] = randomUuid(world.random());
  input["startedBy"] = input["group"] = manner.name;
  if (manner.apart) input["group"] = "apart-" + std::to_string(world.random().below(kGroupsApart));
  call("RunTask", input, [this, family](const Json& reply) {
    if (withoutRoom(reply)) ++result_.withoutRoom;
    for (const Json& task : reply["tasks"]) {
      const std::string arn = task["taskArn"].get<std::string>();
      told_[idOf(arn)] = Wish{arn, family};
    }
  });
  if (world.chance(0.8)) {
    world.after(world.between(Duration(0), seconds(30)), forever_, [this] { stopAnyTask(); });
  }
}

/// A user who does not wait for a host to come back runs its tasks elsewhere.
void Scenario::giveUp(const AgentNode& agent) {
  const controller::State& state = cluster_.controller().state();
  int64_t count = 0;
  for (const controller::Task* task : state.tasksOn(idOf(agent.instanceArn()))) {
    if (task->lastStatus == controller::TaskStatus::Stopped || !told_.contains(task->id)) continue;
    stopTask(task->id);
    ++count;
  }
  result_.replaced += static_cast<size_t>(count);
  for (; count > 0; count -= kMostCopies) askFleet(std::min(count, kMostCopies));
}

void Scenario::drainAny() {
  World& world = cluster_.world();
  const AgentNode& agent = *cluster_.agents()[world.random().below(cluster_.agents().size())];
  const std::string arn = agent.instanceArn();
  if (arn.empty()) return;
  setStatus(arn, "DRAINING");
  ++result_.drained;
  world.after(world.between(seconds(5), seconds(40)), forever_, [this, arn] { setStatus(arn, "ACTIVE"); });
}

void Scenario::setStatus(const std::string& instance, const char* status) {
  const Json input{{"containerInstances", Json::array({instance})}, {"status", status}};
  call("UpdateContainerInstancesState", input, [](const Json&) {});
}

/// So seldom that agents are lost in between, which takes a controller that goes on.
void Scenario::crashFleetController() {
  World& world = cluster_.world();
  if (!world.faults()) return;
  crashController();
  world.after(world.between(kBetweenCrashes / 3, kBetweenCrashes), forever_,
              [this] { crashFleetController(); });
}

}  // namespace berth::simulation
