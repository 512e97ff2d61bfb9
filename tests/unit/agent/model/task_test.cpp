#include <catch2/catch.hpp>

#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {

TEST_CASE("a task is RUNNING once each container runs or, not being essential, has stopped") {
  Task task = makeTask(sample::payload());
  CHECK(statusOf(task) == TaskStatus::Pending);
  task.containers[0].known = ContainerStatus::Running;
  CHECK(statusOf(task) == TaskStatus::Pending);
  task.containers[1].known = ContainerStatus::Created;
  CHECK(statusOf(task) == TaskStatus::Pending);
  task.containers[1].known = ContainerStatus::Running;
  CHECK(statusOf(task) == TaskStatus::Running);
  task.containers[1].known = ContainerStatus::Stopped;
  CHECK(statusOf(task) == TaskStatus::Running);
  task.containers[0].known = ContainerStatus::Stopped;
  CHECK(statusOf(task) == TaskStatus::Stopped);
}

TEST_CASE("an essential container that ends leaves the task's status until all have") {
  Task task = makeTask(sample::payload());
  task.containers[0].known = ContainerStatus::Stopped;
  task.containers[1].known = ContainerStatus::Running;
  CHECK(statusOf(task) == TaskStatus::Pending);
  task.sent = TaskStatus::Running;
  CHECK(statusOf(task) == TaskStatus::Running);
}

TEST_CASE("a task has to end when the controller says so or an essential container did") {
  Task task = makeTask(sample::payload());
  CHECK_FALSE(mustStop(task));
  task.containers[1].known = ContainerStatus::Stopped;
  CHECK_FALSE(mustStop(task));
  task.containers[0].known = ContainerStatus::Stopped;
  CHECK(mustStop(task));
  Task wanted = makeTask(sample::payload());
  wanted.stopWanted = true;
  CHECK(mustStop(wanted));
}

TEST_CASE("a payload whose desired status is STOPPED makes a task that has to end") {
  acs::Task payload = sample::payload();
  payload.desiredStatus = "STOPPED";
  CHECK(makeTask(payload).stopWanted);
  CHECK_FALSE(makeTask(sample::payload()).stopWanted);
}

TEST_CASE("a task's containers move out of its payload, in order") {
  Task task = makeTask(sample::payload());
  CHECK(task.spec.containers.empty());
  REQUIRE(task.containers.size() == 2);
  CHECK(task.containers[0].spec.name == "main");
  CHECK(task.find("side") == &task.containers[1]);
  CHECK(task.find("other") == nullptr);
}

TEST_CASE("the first reason of a stop stands") {
  Task task = makeTask(sample::payload());
  markStopped(task, task.containers[0], "first", sample::at(1));
  markStopped(task, task.containers[0], "second", sample::at(2));
  CHECK(task.containers[0].reason == "first");
  CHECK(task.executionStoppedAt == sample::at(1).wall);
}

TEST_CASE("the end of a container that is not essential does not end the task's execution") {
  Task task = makeTask(sample::payload());
  markStopped(task, task.containers[1], "", sample::at(1));
  CHECK_FALSE(task.executionStoppedAt.has_value());
  markStopped(task, task.containers[0], "", sample::at(2));
  CHECK(task.executionStoppedAt == sample::at(2).wall);
  CHECK(task.stoppedAt == sample::at(2).wall);
}

TEST_CASE("what stops waits for nothing and has no process") {
  Task task = makeTask(sample::payload());
  Container& container = task.containers[0];
  container.pid = 12;
  container.retryAt = sample::at(9).mono;
  container.waiting = "another attempt";
  markStopped(task, container, "", sample::at(1));
  CHECK(container.pid == 0);
  CHECK_FALSE(container.retryAt.has_value());
  CHECK(container.waiting.empty());
}

TEST_CASE("the states have the words of Amazon's agent") {
  CHECK(name(ContainerStatus::None) == "NONE");
  CHECK(name(ContainerStatus::Pulled) == "PULLED");
  CHECK(name(ContainerStatus::Created) == "CREATED");
  CHECK(name(ContainerStatus::Running) == "RUNNING");
  CHECK(name(ContainerStatus::Stopped) == "STOPPED");
  CHECK(name(TaskStatus::Pending) == "PENDING");
  CHECK(name(TaskStatus::Running) == "RUNNING");
  CHECK(name(TaskStatus::Stopped) == "STOPPED");
}

}  // namespace berth::agent
