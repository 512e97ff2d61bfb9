#include <catch2/catch.hpp>

#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {

TEST_CASE("a container never goes back") {
  Task task = makeTask(sample::payload());
  Container& container = task.containers[0];
  observe(task, container, sample::running("c1"), sample::at(1));
  CHECK(container.known == ContainerStatus::Running);
  RuntimeContainer created;
  created.id = "c1";
  observe(task, container, created, sample::at(2));
  CHECK(container.known == ContainerStatus::Running);
  observe(task, container, sample::exited("c1", 0), sample::at(3));
  observe(task, container, sample::running("c1"), sample::at(4));
  CHECK(container.known == ContainerStatus::Stopped);
  CHECK(container.exitCode == 0);
}

TEST_CASE("a container that was started and is gone has vanished") {
  Task task = makeTask(sample::payload());
  Container& container = task.containers[0];
  container.known = ContainerStatus::Created;
  container.startIntended = true;
  observe(task, container, std::nullopt, sample::at(1));
  CHECK(container.known == ContainerStatus::Stopped);
  CHECK(container.reason == "ContainerVanishedError: No container matching saved ID found");
  CHECK_FALSE(container.exitCode.has_value());
}

TEST_CASE("a container that was only created and is gone is made again") {
  Task task = makeTask(sample::payload());
  Container& container = task.containers[0];
  container.known = ContainerStatus::Created;
  container.runtimeId = "c1";
  observe(task, container, std::nullopt, sample::at(1));
  CHECK(container.known == ContainerStatus::Pulled);
  CHECK(container.runtimeId.empty());
}

TEST_CASE("the kernel's kill for memory has the reason that users know") {
  Task task = makeTask(sample::payload());
  RuntimeContainer seen = sample::exited("c1", 137);
  seen.oomKilled = true;
  observe(task, task.containers[0], seen, sample::at(1));
  CHECK(task.containers[0].reason == "OutOfMemoryError: Container killed due to memory usage");
  CHECK(task.containers[0].exitCode == 137);
}

TEST_CASE("the runtime's own error is a DockerStateError") {
  Task task = makeTask(sample::payload());
  RuntimeContainer seen = sample::exited("c1", 127);
  seen.error = "no such device";
  observe(task, task.containers[0], seen, sample::at(1));
  CHECK(task.containers[0].reason == "DockerStateError: no such device");
}

TEST_CASE("the end of the last container is the end of the task") {
  Task task = makeTask(sample::payload());
  observe(task, task.containers[0], sample::exited("c1", 0), sample::at(5));
  CHECK(statusOf(task) == TaskStatus::Pending);
  CHECK(task.executionStoppedAt == sample::at(5).wall);
  CHECK_FALSE(task.stoppedAt.has_value());
  markStopped(task, task.containers[1], "", sample::at(7));
  CHECK(statusOf(task) == TaskStatus::Stopped);
  CHECK(task.stoppedAt == sample::at(7).wall);
}

TEST_CASE("the names of containers follow from the task, reduced to what the runtime takes") {
  acs::Task payload = sample::payload();
  payload.containers[0].name = "my_app.1";
  CHECK(makeTask(payload).containers[0].runtimeName == "ecs-web-3-myapp1-cdef0123456789abcdef95d491de");
  CHECK(makeTask(payload).containers[0].runtimeName == makeTask(payload).containers[0].runtimeName);
}

TEST_CASE("what the runtime says replaces a doubt, and fills in what it knows") {
  Task task = makeTask(sample::payload());
  Container& container = task.containers[0];
  container.uncertain = true;
  RuntimeContainer seen = sample::running("c1");
  seen.startedAt = sample::at(3).wall;
  seen.health = HealthState::Healthy;
  seen.ports = {PortMapping{80, 32768, "tcp", "0.0.0.0", 0, 0}};
  observe(task, container, seen, sample::at(4));
  CHECK_FALSE(container.uncertain);
  CHECK(container.runtimeId == "c1");
  CHECK(container.pid == 4711);
  CHECK(container.startedAt == sample::at(3).wall);
  CHECK(container.health == HealthState::Healthy);
  CHECK(container.ports.size() == 1);
}

TEST_CASE("bindings that a stopped container no longer has stay known") {
  Task task = makeTask(sample::payload());
  Container& container = task.containers[0];
  RuntimeContainer seen = sample::running("c1");
  seen.ports = {PortMapping{80, 32768, "tcp", "0.0.0.0", 0, 0}};
  observe(task, container, seen, sample::at(1));
  observe(task, container, sample::exited("c1", 1), sample::at(2));
  CHECK(container.ports.size() == 1);
}

TEST_CASE("a container that ran and is gone has vanished even if its start was not noted") {
  Task task = makeTask(sample::payload());
  Container& container = task.containers[0];
  container.known = ContainerStatus::Running;
  observe(task, container, std::nullopt, sample::at(1));
  CHECK(container.known == ContainerStatus::Stopped);
  CHECK(container.reason == "ContainerVanishedError: No container matching saved ID found");
}

TEST_CASE("a container that was never created and is not there is as before") {
  Task task = makeTask(sample::payload());
  for (ContainerStatus known : {ContainerStatus::None, ContainerStatus::Pulled}) {
    task.containers[0].known = known;
    observe(task, task.containers[0], std::nullopt, sample::at(1));
    CHECK(task.containers[0].known == known);
  }
}

TEST_CASE("the time of an exit is the runtime's, or else the present") {
  Task task = makeTask(sample::payload());
  RuntimeContainer seen = sample::exited("c1", 0);
  seen.finishedAt = sample::at(2).wall;
  observe(task, task.containers[0], seen, sample::at(5));
  observe(task, task.containers[1], sample::exited("c2", 0), sample::at(6));
  CHECK(task.containers[0].finishedAt == sample::at(2).wall);
  CHECK(task.containers[1].finishedAt == sample::at(6).wall);
}

TEST_CASE("running out of memory outweighs the runtime's own error") {
  Task task = makeTask(sample::payload());
  RuntimeContainer seen = sample::exited("c1", 137);
  seen.oomKilled = true;
  seen.error = "killed";
  observe(task, task.containers[0], seen, sample::at(1));
  CHECK(task.containers[0].reason == "OutOfMemoryError: Container killed due to memory usage");
}

TEST_CASE("an ordinary exit has a code and no reason") {
  Task task = makeTask(sample::payload());
  observe(task, task.containers[0], sample::exited("c1", 3), sample::at(1));
  CHECK(task.containers[0].reason.empty());
  CHECK(task.containers[0].exitCode == 3);
}

TEST_CASE("knowledge never moves backwards, whatever order the answers come in") {
  RuntimeContainer created;
  created.id = "c1";
  const std::optional<RuntimeContainer> answers[] = {std::nullopt, created, sample::running("c1"),
                                                     sample::exited("c1", 0)};
  for (const auto& first : answers) {
    for (const auto& second : answers) {
      for (const auto& third : answers) {
        Task task = makeTask(sample::payload());
        Container& container = task.containers[0];
        container.startIntended = true;
        ContainerStatus before = container.known;
        for (const auto& answer : {first, second, third}) {
          observe(task, container, answer, sample::at(1));
          CHECK(container.known >= before);
          before = container.known;
        }
      }
    }
  }
}

TEST_CASE("the id of a task is cut to the last twenty digits in its containers' names") {
  acs::Task payload = sample::payload();
  payload.arn = "arn:aws:ecs:eu-1:1:task/short";
  CHECK(makeTask(payload).containers[0].runtimeName == "ecs-web-3-main-short");
}

TEST_CASE("names that differ only in what the runtime does not take stay different") {
  acs::Task payload = sample::payload();
  payload.containers[0].name = "app_1";
  payload.containers[1].name = "app1";
  const Task task = makeTask(payload);
  CHECK(task.containers[0].runtimeName != task.containers[1].runtimeName);
}

}  // namespace berth::agent
