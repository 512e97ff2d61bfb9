#include "agent/session/health_report.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {
namespace {

const Identity kWho{"prod", "arn:instance", "us-east-1"};

std::map<std::string, Task> checkedTasks(int count) {
  std::map<std::string, Task> out;
  for (int i = 0; i < count; ++i) {
    acs::Task payload = sample::payload();
    payload.arn = "arn:" + std::to_string(100 + i);
    Task task = makeTask(payload);
    for (Container& container : task.containers) {
      container.known = ContainerStatus::Running;
      container.runtimeId = container.spec.name + "-" + task.arn;
    }
    task.containers[0].spec.healthCheckType = "docker";
    out.emplace(task.arn, task);
  }
  return out;
}

tcs::ContainerHealth firstOf(const std::vector<tcs::PublishHealth>& messages) {
  return messages.at(0).tasks.at(0).containers.at(0);
}

TEST_CASE("Health is told of running containers that have a check of Docker") {
  auto tasks = checkedTasks(1);
  Container& container = tasks.begin()->second.containers[0];
  HealthReport report;
  const auto messages = [&] { return report.messages(tasks, kWho, "m", sample::at(9).wall); };
  container.health = HealthState::Healthy;
  REQUIRE(messages().size() == 1);
  CHECK(messages()[0].metadata.cluster == "prod");
  CHECK(messages()[0].metadata.containerInstance == "arn:instance");
  CHECK(messages()[0].metadata.messageId == "m");
  CHECK(messages()[0].metadata.fin);
  CHECK(messages()[0].tasks.at(0).taskArn == "arn:100");
  CHECK(messages()[0].tasks.at(0).family == "web");
  CHECK(messages()[0].tasks.at(0).containers.size() == 1);
  CHECK(firstOf(messages()).name == "main");
  CHECK(firstOf(messages()).status == "HEALTHY");
  container.health = HealthState::Unhealthy;
  CHECK(firstOf(messages()).status == "UNHEALTHY");
  for (const HealthState state : {HealthState::Unknown, HealthState::None}) {
    container.health = state;
    CHECK(firstOf(messages()).status == "UNKNOWN");
  }
  container.known = ContainerStatus::Stopped;
  CHECK(messages().empty());
}

TEST_CASE("A status is told with the time since when it is so") {
  auto tasks = checkedTasks(1);
  Container& container = tasks.begin()->second.containers[0];
  HealthReport report;
  const auto since = [&](int now) {
    return firstOf(report.messages(tasks, kWho, "m", sample::at(now).wall)).since;
  };
  container.health = HealthState::Unknown;
  CHECK(since(1) == sample::at(1).wall);  // not observed yet
  CHECK_FALSE(report.observe(tasks, sample::at(2).wall));
  CHECK_FALSE(report.observe(tasks, sample::at(3).wall));
  CHECK(since(4) == sample::at(2).wall);
  container.health = HealthState::Healthy;
  CHECK(report.observe(tasks, sample::at(5).wall));
  report.observe(tasks, sample::at(6).wall);
  CHECK(since(7) == sample::at(5).wall);
  // Gone and here again, it is another spell.
  container.known = ContainerStatus::Stopped;
  report.observe(tasks, sample::at(8).wall);
  container.known = ContainerStatus::Running;
  report.observe(tasks, sample::at(9).wall);
  CHECK(since(10) == sample::at(9).wall);
}

TEST_CASE("Ten tasks go into a message of health, the last with fin") {
  HealthReport report;
  for (const auto [count, expected] : {std::pair{10, 1}, std::pair{11, 2}, std::pair{20, 2}}) {
    const auto messages = report.messages(checkedTasks(count), kWho, "m", sample::at(1).wall);
    REQUIRE(messages.size() == static_cast<size_t>(expected));
    for (const auto& message : messages) {
      CHECK(message.metadata.messageId == "m");
      CHECK(message.metadata.fin == (&message == &messages.back()));
    }
    CHECK(messages.front().tasks.size() == 10);
  }
}

}  // namespace
}  // namespace berth::agent
