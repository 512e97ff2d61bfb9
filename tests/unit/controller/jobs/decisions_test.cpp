// What becomes of runs: overlap, ends of tasks, retries.
#include <catch2/catch.hpp>
#include <chrono>

#include "controller/jobs/decisions.hpp"

using namespace berth;
using namespace berth::controller;
using namespace std::chrono_literals;

namespace {

/// A stopped task of an essential container "app" and another, "side", that is essential as told.
Task ended(std::optional<int32_t> app, const std::string& stop_code = "EssentialContainerExited",
           const std::string& reason = "Essential container in task exited") {
  Task task;
  task.spec.edit([](TaskSpec& spec) {
    ContainerSpec one;
    one.name = "app";
    spec.containers.push_back(one);
    one.name = "side";
    one.essential = false;
    spec.containers.push_back(one);
  });
  task.containers.resize(2);
  task.lastStatus = TaskStatus::Stopped;
  task.containers[0].exitCode = app;
  task.stopCode = stop_code;
  task.stoppedReason = reason;
  return task;
}

TaskEnd failed(int64_t code, const std::string& reason = "") {
  TaskEnd end;
  end.exitCode = code;
  end.stopCode = "EssentialContainerExited";
  if (!reason.empty()) end.reasons.push_back(reason);
  return end;
}

}  // namespace

TEST_CASE("a run that is due beside another begins, is skipped or replaces it, as the job says") {
  CHECK(atDue(Overlap::Skip, 0) == AtDue::Begin);
  CHECK(atDue(Overlap::Replace, 0) == AtDue::Begin);
  CHECK(atDue(Overlap::Allow, 3) == AtDue::Begin);
  CHECK(atDue(Overlap::Skip, 1) == AtDue::Skip);
  CHECK(atDue(Overlap::Replace, 2) == AtDue::Replace);
}

TEST_CASE("a task has succeeded when the essential container that ended first did so with 0") {
  CHECK(endOf(ended(0)).kind == TaskEnd::Kind::Succeeded);
  Task side = ended(0);
  side.containers[1].exitCode = 3;
  CHECK(endOf(side).kind == TaskEnd::Kind::Succeeded);
  side.spec.edit([](TaskSpec& spec) { spec.containers[1].essential = true; });
  side.causes.add({Cause::Kind::ContainerStopped, {}, "app"});
  CHECK(endOf(side).kind == TaskEnd::Kind::Succeeded);
  Task other = side;
  other.causes = {};
  CHECK(endOf(other).kind == TaskEnd::Kind::Failed);
  other.causes.add({Cause::Kind::ContainerStopped, {}, "side"});
  const TaskEnd end = endOf(other);
  CHECK(end.exitCode == 3);
  CHECK(end.reason == "the container side ended with exit code 3: Essential container in task exited");
}

TEST_CASE("a failed task's end says what failed it") {
  Task task = ended(137);
  task.containers[0].reason = "OutOfMemoryError: Container killed due to memory usage";
  TaskEnd end = endOf(task);
  CHECK(end.kind == TaskEnd::Kind::Failed);
  CHECK(end.exitCode == 137);
  CHECK(end.reason ==
        "the container app ended with exit code 137: OutOfMemoryError: Container killed due to memory usage");
  Task unstarted = ended(std::nullopt, "TaskFailedToStart", "Task failed to start");
  CHECK(endOf(unstarted).reason == "TaskFailedToStart: Task failed to start");
  unstarted.containers[0].reason = "CannotPullContainerError: no such image";
  end = endOf(unstarted);
  CHECK(end.kind == TaskEnd::Kind::Failed);
  CHECK(end.reason == "TaskFailedToStart: CannotPullContainerError: no such image");
  CHECK(endOf(ended(143, "UserInitiated", "enough")).kind == TaskEnd::Kind::Stopped);
  CHECK(endOf(ended(143, "UserInitiated", "berth:maxLifetime: longer than 1h")).kind ==
        TaskEnd::Kind::TooLong);
  CHECK(endOf(ended(0, "SpotInterruption", "")).kind == TaskEnd::Kind::Failed);
  // Its host was taken away from it.
  task = ended(std::nullopt, "UserInitiated", "Container instance deregistration forced by user");
  task.causes.add({Cause::Kind::InstanceDeregistered, {}, "arn:user"});
  CHECK(endOf(task).kind == TaskEnd::Kind::Failed);
  CHECK(endOf(task).reason == "UserInitiated: Container instance deregistration forced by user");
  task.causes.add({Cause::Kind::StopTask, {}, "arn:user"});
  CHECK(endOf(task).kind == TaskEnd::Kind::Stopped);
}

TEST_CASE("the worst end of an attempt's tasks is the attempt's") {
  TaskEnd good;
  good.kind = TaskEnd::Kind::Succeeded;
  CHECK(worstOf({good, failed(2), failed(3)}).exitCode == 2);
  CHECK(worstOf({good}).kind == TaskEnd::Kind::Succeeded);
}

TEST_CASE("a failure is followed by so many attempts as the rules say, with waits that double") {
  const RetryRules rules{6, 10'000, 60'000, {}, {}};
  std::vector<Duration> waits;
  for (int64_t attempts = 1; attempts < 6; ++attempts) {
    waits.push_back(backoffAfter(rules, attempts, failed(1), 0).value());
  }
  CHECK(waits == std::vector<Duration>{10s, 20s, 40s, 60s, 60s});
  CHECK(backoffAfter(rules, 2, failed(1), 0.5) == Duration(15s));
  CHECK_FALSE(backoffAfter(rules, 6, failed(1), 0));
  CHECK_FALSE(backoffAfter({}, 1, failed(1), 0));
}

TEST_CASE("with exit codes or reasons, only those failures are tried again") {
  RetryRules rules{3, 10'000, 60'000, {75}, {}};
  CHECK(backoffAfter(rules, 1, failed(75), 0));
  CHECK_FALSE(backoffAfter(rules, 1, failed(1), 0));
  rules.onReasons = {"OutOfMemoryError", "TaskFailedToStart"};
  CHECK(backoffAfter(rules, 1, failed(137, "OutOfMemoryError: killed"), 0));
  CHECK_FALSE(backoffAfter(rules, 1, failed(137), 0));
  TaskEnd unstarted;
  unstarted.stopCode = "TaskFailedToStart";
  CHECK(backoffAfter(rules, 1, unstarted, 0));
}

TEST_CASE("a success is over, and what was stopped is tried again only where its reason is named") {
  RetryRules rules{3, 10'000, 60'000, {}, {}};
  TaskEnd end;
  end.kind = TaskEnd::Kind::Succeeded;
  CHECK_FALSE(backoffAfter(rules, 1, end, 0));
  end = endOf(ended(143, "UserInitiated", "berth:maxLifetime: longer than 1h"));
  CHECK_FALSE(backoffAfter(rules, 1, end, 0));
  rules.onReasons = {"berth:maxLifetime"};
  CHECK(backoffAfter(rules, 1, end, 0));
  CHECK_FALSE(backoffAfter(rules, 1, endOf(ended(143, "UserInitiated", "enough")), 0));
}
