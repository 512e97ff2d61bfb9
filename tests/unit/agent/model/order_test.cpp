#include "agent/model/order.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {
namespace {

using acs::Condition;
using State = Gate::State;

/// "main" depends on "side" by `condition`.
Task dependent(Condition condition) {
  Task task = makeTask(sample::payload());
  task.containers[0].spec.dependsOn = {{"side", condition}};
  task.containers[1].spec.healthCheckType = "docker";
  return task;
}

const MonoTime kNow = sample::at(100).mono;

State creating(const Task& task) { return createGate(task, task.containers[0], kNow).state; }
State starting(const Task& task) { return startGate(task, task.containers[0], kNow).state; }

void runs(Container& container) {
  container.known = ContainerStatus::Running;
  container.startedAt = sample::at(10).wall;
  container.runningSince = sample::at(10).mono;
}

void ends(Container& container, std::optional<int> code) {
  runs(container);
  container.known = ContainerStatus::Stopped;
  container.exitCode = code;
}

}  // namespace

TEST_CASE("START lets a container be created with the other and started once it runs") {
  Task task = dependent(Condition::Start);
  Container& side = task.containers[1];
  CHECK(creating(task) == State::Waiting);
  side.known = ContainerStatus::Created;
  CHECK(creating(task) == State::Open);
  CHECK(starting(task) == State::Waiting);
  CHECK(startGate(task, task.containers[0], kNow).why == "container side to run");
  runs(side);
  CHECK(starting(task) == State::Open);
  ends(side, 1);
  CHECK(starting(task) == State::Open);
}

TEST_CASE("START on a container that stopped without having run never comes true") {
  Task task = dependent(Condition::Start);
  task.containers[1].known = ContainerStatus::Stopped;
  CHECK(creating(task) == State::Never);
}

TEST_CASE("COMPLETE waits for the end, whatever the exit code") {
  Task task = dependent(Condition::Complete);
  runs(task.containers[1]);
  CHECK(creating(task) == State::Waiting);
  ends(task.containers[1], 7);
  CHECK(creating(task) == State::Open);
}

TEST_CASE("SUCCESS wants exit code 0, and anything else is final") {
  Task task = dependent(Condition::Success);
  ends(task.containers[1], 0);
  CHECK(creating(task) == State::Open);
  task.containers[1].exitCode = 3;
  const Gate gate = createGate(task, task.containers[0], kNow);
  CHECK(gate.state == State::Never);
  CHECK(gate.why == "dependency on container side can't be met: it ended with exit code 3");
}

TEST_CASE("HEALTHY waits for the health check, and a container without one never passes it") {
  Task task = dependent(Condition::Healthy);
  runs(task.containers[1]);
  task.containers[1].health = HealthState::Unknown;
  CHECK(creating(task) == State::Waiting);
  task.containers[1].health = HealthState::Unhealthy;
  CHECK(creating(task) == State::Waiting);
  task.containers[1].health = HealthState::Healthy;
  CHECK(creating(task) == State::Open);
  task.containers[1].spec.healthCheckType.clear();
  CHECK(creating(task) == State::Never);
}

TEST_CASE("a container that runs without any health check never is healthy") {
  Task task = dependent(Condition::Healthy);
  runs(task.containers[1]);
  const Gate gate = createGate(task, task.containers[0], kNow);
  CHECK(gate.state == State::Never);
  CHECK(gate.why.find("neither it nor its image has one") != std::string::npos);
  // While nobody knows how it is, nothing follows from it.
  task.containers[1].uncertain = true;
  CHECK(creating(task) == State::Waiting);
}

TEST_CASE("a startTimeout of 0 is none") {
  Task task = dependent(Condition::Complete);
  task.containers[1].spec.startTimeout = 0;
  runs(task.containers[1]);
  CHECK(createGate(task, task.containers[0], sample::at(100000).mono).state == State::Waiting);
}

TEST_CASE("a container that ended before it was healthy never will be") {
  Task task = dependent(Condition::Healthy);
  ends(task.containers[1], 0);
  CHECK(creating(task) == State::Never);
}

TEST_CASE("the startTimeout of the other bounds the wait, from when it began to run") {
  for (Condition condition : {Condition::Complete, Condition::Success, Condition::Healthy}) {
    Task task = dependent(condition);
    Container& side = task.containers[1];
    side.spec.startTimeout = 120;
    CHECK(createGate(task, task.containers[0], kNow).until == std::nullopt);
    runs(side);
    side.health = HealthState::Unknown;
    const Gate waits = createGate(task, task.containers[0], kNow);
    CHECK(waits.state == State::Waiting);
    CHECK(waits.until == sample::at(130).mono);
    CHECK(createGate(task, task.containers[0], sample::at(130).mono).state == State::Never);
  }
}

TEST_CASE("of several dependencies the one that can't come true decides") {
  Task task = dependent(Condition::Start);
  task.containers[0].spec.dependsOn.push_back({"side", Condition::Success});
  ends(task.containers[1], 1);
  CHECK(creating(task) == State::Never);
}

TEST_CASE("links and volumesFrom want the other created first, links want it running as well") {
  for (bool link : {true, false}) {
    Task task = makeTask(sample::payload());
    if (link) task.containers[0].spec.links = {"side:db"};
    if (!link) task.containers[0].spec.volumesFrom = {{"side", false}};
    CHECK(creating(task) == State::Waiting);
    task.containers[1].known = ContainerStatus::Created;
    CHECK(creating(task) == State::Open);
    CHECK(starting(task) == (link ? State::Waiting : State::Open));
  }
}

TEST_CASE("who is depended on stops last") {
  Task task = dependent(Condition::Start);
  runs(task.containers[0]);
  runs(task.containers[1]);
  REQUIRE(stopsBefore(task, task.containers[1]) != nullptr);
  CHECK(stopsBefore(task, task.containers[1])->spec.name == "main");
  CHECK(stopsBefore(task, task.containers[0]) == nullptr);
  task.containers[0].known = ContainerStatus::Stopped;
  CHECK(stopsBefore(task, task.containers[1]) == nullptr);
}

TEST_CASE("an order that can't be kept is told by its containers") {
  acs::Task task = sample::payload();
  CHECK_FALSE(brokenOrder(task));
  task.containers[0].dependsOn = {{"nobody", Condition::Start}};
  CHECK(*brokenOrder(task) == "container main depends on nobody, which is not there");
  task.containers[0].dependsOn = {{"side", Condition::Start}};
  CHECK_FALSE(brokenOrder(task));
  task.containers[1].links = {"main:alias"};
  CHECK(brokenOrder(task)->find("depends on itself") != std::string::npos);
  task.containers[1].links.clear();
  task.containers[1].name = "main";
  CHECK(*brokenOrder(task) == "two of its containers have the same name");
}

}  // namespace berth::agent
