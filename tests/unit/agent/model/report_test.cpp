#include "agent/model/report.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {

TEST_CASE("nothing is due while containers start") {
  Task task = makeTask(sample::payload());
  CHECK_FALSE(dueReport(task).has_value());
  task.containers[0].known = ContainerStatus::Running;
  CHECK_FALSE(dueReport(task).has_value());
}

TEST_CASE("RUNNING tells of all containers at once, and once only") {
  Task task = makeTask(sample::payload());
  for (Container& container : task.containers) container.known = ContainerStatus::Running;
  auto report = dueReport(task);
  REQUIRE(report.has_value());
  CHECK(report->status == TaskStatus::Running);
  CHECK(report->containers.size() == 2);
  accept(task, *report);
  CHECK_FALSE(dueReport(task).has_value());
}

TEST_CASE("what happened while a report was on its way is due after it") {
  Task task = makeTask(sample::payload());
  for (Container& container : task.containers) container.known = ContainerStatus::Running;
  auto report = dueReport(task);
  markStopped(task, task.containers[0], "", sample::at(1));
  markStopped(task, task.containers[1], "", sample::at(1));
  accept(task, *report);
  auto next = dueReport(task);
  REQUIRE(next.has_value());
  CHECK(next->status == TaskStatus::Stopped);
  CHECK(next->containers.size() == 2);
}

TEST_CASE("the IPv6 wildcard binding is left out, reasons are cut") {
  Task task = makeTask(sample::payload());
  Container& container = task.containers[0];
  container.ports = {PortMapping{80, 32768, "tcp", "0.0.0.0", 0, 0},
                     PortMapping{80, 32768, "tcp", "::", 0, 0}};
  markStopped(task, container, std::string(3000, 'x'), sample::at(1));
  auto report = dueReport(task);
  REQUIRE(report.has_value());
  REQUIRE(report->containers.size() == 1);
  CHECK(report->containers[0].ports.size() == 1);
  CHECK(report->containers[0].reason.size() == 1024);
}

TEST_CASE("a refused task is reported as STOPPED with its reason") {
  Task task =
      makeRefusedTask(sample::kTaskArn, "UnrecogniedTaskError: Error loading task - x", sample::at(1));
  auto report = dueReport(task);
  REQUIRE(report.has_value());
  CHECK(report->status == TaskStatus::Stopped);
  CHECK(report->reason == "UnrecogniedTaskError: Error loading task - x");
}

TEST_CASE("a container that ends while others still start is reported with the task PENDING") {
  Task task = makeTask(sample::payload());
  markStopped(task, task.containers[1], "CannotPullContainerError: no", sample::at(1));
  auto report = dueReport(task);
  REQUIRE(report.has_value());
  CHECK(report->status == TaskStatus::Pending);
  REQUIRE(report->containers.size() == 1);
  CHECK(report->containers[0].name == "side");
  accept(task, *report);
  CHECK_FALSE(dueReport(task).has_value());
}

TEST_CASE("a container that ends after RUNNING is due by itself") {
  Task task = makeTask(sample::payload());
  for (Container& container : task.containers) container.known = ContainerStatus::Running;
  accept(task, *dueReport(task));
  observe(task, task.containers[1], sample::exited("c2", 4), sample::at(1));
  auto report = dueReport(task);
  REQUIRE(report.has_value());
  CHECK(report->status == TaskStatus::Running);
  CHECK(report->reason.empty());
  REQUIRE(report->containers.size() == 1);
  CHECK(report->containers[0].status == ContainerStatus::Stopped);
  CHECK(report->containers[0].exitCode == 4);
}

TEST_CASE("ids are cut to what the service takes") {
  Task task = makeTask(sample::payload());
  task.containers[0].runtimeId = std::string(300, 'r');
  task.containers[0].imageDigest = std::string(300, 'd');
  task.reason = std::string(2000, 'x');
  for (Container& container : task.containers) markStopped(task, container, "", sample::at(1));
  auto report = dueReport(task);
  REQUIRE(report.has_value());
  CHECK(report->containers[0].runtimeId == std::string(255, 'r'));
  CHECK(report->containers[0].imageDigest == std::string(255, 'd'));
  CHECK(report->reason == std::string(1024, 'x'));
}

TEST_CASE("times are told as soon as they are known") {
  Task task = makeTask(sample::payload());
  task.pullStartedAt = sample::at(1).wall;
  task.pullStoppedAt = sample::at(2).wall;
  for (Container& container : task.containers) container.known = ContainerStatus::Running;
  auto report = dueReport(task);
  REQUIRE(report.has_value());
  CHECK(report->pullStartedAt == sample::at(1).wall);
  CHECK(report->pullStoppedAt == sample::at(2).wall);
  CHECK_FALSE(report->executionStoppedAt.has_value());
}

TEST_CASE("accepting an old report takes nothing back") {
  Task task = makeTask(sample::payload());
  for (Container& container : task.containers) container.known = ContainerStatus::Running;
  Report old = *dueReport(task);
  for (Container& container : task.containers) markStopped(task, container, "", sample::at(1));
  accept(task, *dueReport(task));
  accept(task, old);
  CHECK(task.sent == TaskStatus::Stopped);
  CHECK(task.containers[0].sent == ContainerStatus::Stopped);
  CHECK_FALSE(dueReport(task).has_value());
}

TEST_CASE("a report of a container that the task does not have is harmless") {
  Task task = makeTask(sample::payload());
  Report report;
  report.taskArn = task.arn;
  ContainerReport stranger;
  stranger.name = "stranger";
  stranger.status = ContainerStatus::Stopped;
  report.containers.push_back(stranger);
  accept(task, report);
  CHECK(task.containers[0].sent == ContainerStatus::None);
}

TEST_CASE("the end of a container whose last lines are being read waits, and that of its task with it") {
  Task task = makeTask(sample::payload());
  for (Container& container : task.containers) container.known = ContainerStatus::Running;
  accept(task, *dueReport(task));
  Container& first = task.containers[0];
  markStopped(task, first, "", sample::at(1));
  CHECK_FALSE(dueReport(task, {first.spec.name}));
  CHECK(dueReport(task)->containers.size() == 1);
  markStopped(task, task.containers[1], "", sample::at(1));
  CHECK_FALSE(dueReport(task, {first.spec.name}));
  first.lastLines = {"a", "\x1b[31mb\x1b[0m", "c", "d", "e", "f"};
  const auto report = dueReport(task);
  REQUIRE(report);
  CHECK(report->containers.at(0).lastLines == std::vector<std::string>{"b", "c", "d", "e", "f"});
}

}  // namespace berth::agent
