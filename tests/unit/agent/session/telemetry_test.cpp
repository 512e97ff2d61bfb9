#include "agent/session/telemetry.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/agent/model/sample.hpp"

using namespace berth;
using namespace berth::agent;

namespace {

const Identity kIdentity{"prod", "arn:instance", "us-east-1"};

/// Readings that grow by the same amounts each time; ids in `gone` can't be read.
class Meter final : public UsageSource {
 public:
  Result<Usage> read(const UsageTarget& target) override {
    if (gone.contains(target.containerId)) return makeError(Code::NotFound, "gone");
    int64_t n = ++reads[target.containerId];
    Usage usage;
    usage.cpuNanos = static_cast<uint64_t>(n) * 500'000'000;  // half a core
    usage.memoryBytes = 64 * 1024 * 1024;
    usage.readBytes = 10;
    if (target.ownNetwork) {
      usage.network.emplace();
      usage.network->rxBytes = static_cast<uint64_t>(n) * 1000;
    }
    return usage;
  }
  void forget(const std::string& id) override { forgotten.insert(id); }

  std::map<std::string, int64_t> reads;
  std::set<std::string> gone;
  std::set<std::string> forgotten;
};

Task runningTask(const std::string& arn, const std::string& mode = "bridge") {
  acs::Task payload = sample::payload();
  payload.arn = arn;
  payload.networkMode = mode;
  payload.containers.pop_back();
  Task task = makeTask(payload);
  task.containers[0].known = ContainerStatus::Running;
  task.containers[0].runtimeId = "id-" + arn;
  task.containers[0].pid = 1;
  return task;
}

std::map<std::string, Task> tasks(int count) {
  std::map<std::string, Task> out;
  for (int i = 0; i < count; ++i) {
    std::string arn = "arn:" + std::to_string(100 + i);
    out.emplace(arn, runningTask(arn));
  }
  return out;
}

}  // namespace

TEST_CASE("CPU is percent of the whole host, memory is MiB, over the samples between two publications") {
  Meter meter;
  Telemetry telemetry(2);
  auto all = tasks(1);
  for (int second = 0; second < 4; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  auto messages = telemetry.takeMetrics(all, kIdentity, "m", sample::at(4).wall);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].metadata.cluster == "prod");
  CHECK(messages[0].metadata.containerInstance == "arn:instance");
  CHECK(messages[0].metadata.messageId == "m");
  CHECK(messages[0].metadata.fin);
  CHECK_FALSE(messages[0].metadata.idle);
  const tcs::ContainerMetric& metric = messages[0].tasks.at(0).containers.at(0);
  CHECK(metric.name == "main");
  CHECK(metric.cpu.sampleCount == 3);
  CHECK(metric.cpu.min == Approx(25));
  CHECK(metric.cpu.max == Approx(25));
  CHECK(metric.cpu.sum == Approx(75));
  CHECK(metric.memory.max == Approx(64));
  REQUIRE(metric.network);
  CHECK(metric.network->rxBytesPerSecond.max == Approx(1000));
}

TEST_CASE("a publication takes its samples with it") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(1);
  for (int second = 0; second < 4; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  telemetry.takeMetrics(all, kIdentity, "m", sample::at(4).wall);
  CHECK(telemetry.takeMetrics(all, kIdentity, "n", sample::at(4).wall).at(0).metadata.idle);
  // The next round goes on from the last reading, so no time is lost.
  for (int second = 4; second < 6; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  auto next = telemetry.takeMetrics(all, kIdentity, "o", sample::at(6).wall);
  CHECK(next.at(0).tasks.at(0).containers.at(0).cpu.sampleCount == 2);
}

TEST_CASE("ten tasks go into a message, all with one id, the last with fin") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(21);
  for (int second = 0; second < 4; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  auto messages = telemetry.takeMetrics(all, kIdentity, "m", sample::at(4).wall);
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].tasks.size() == 10);
  CHECK(messages[1].tasks.size() == 10);
  CHECK(messages[2].tasks.size() == 1);
  for (const auto& message : messages) CHECK(message.metadata.messageId == "m");
  CHECK_FALSE(messages[0].metadata.fin);
  CHECK_FALSE(messages[1].metadata.fin);
  CHECK(messages[2].metadata.fin);
}

TEST_CASE("without containers the agent says that it is idle") {
  Telemetry telemetry(1);
  auto messages = telemetry.takeMetrics({}, kIdentity, "m", sample::at(1).wall);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].metadata.idle);
  CHECK(messages[0].metadata.fin);
}

TEST_CASE("a container that can't be read, or has one sample, is left out") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(2);
  meter.gone.insert("id-arn:100");
  for (int second = 0; second < 3; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  auto messages = telemetry.takeMetrics(all, kIdentity, "m", sample::at(3).wall);
  REQUIRE(messages.at(0).tasks.size() == 1);
  CHECK(messages[0].tasks[0].taskArn == "arn:101");
}

TEST_CASE("a container that has ended is forgotten") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(1);
  telemetry.sample(all, meter, sample::at(0).mono);
  all.begin()->second.containers[0].known = ContainerStatus::Stopped;
  telemetry.sample(all, meter, sample::at(1).mono);
  CHECK(meter.forgotten == std::set<std::string>{"id-arn:100"});
}

TEST_CASE("in the host's network a container has no counters of its own") {
  Meter meter;
  Telemetry telemetry(1);
  std::map<std::string, Task> all;
  all.emplace("arn:h", runningTask("arn:h", "host"));
  for (int second = 0; second < 4; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  auto messages = telemetry.takeMetrics(all, kIdentity, "m", sample::at(4).wall);
  CHECK_FALSE(messages.at(0).tasks.at(0).containers.at(0).network);
}

TEST_CASE("health is told of running containers that have a check") {
  auto all = tasks(3);
  auto set = [&](const char* arn, HealthState health) {
    Container& container = all.at(arn).containers[0];
    container.spec.healthCheckType = "docker";
    container.health = health;
  };
  CHECK_FALSE(Telemetry::health(all, kIdentity, "m", sample::at(1).wall));
  set("arn:100", HealthState::Healthy);
  set("arn:101", HealthState::Unhealthy);
  auto health = Telemetry::health(all, kIdentity, "m", sample::at(1).wall);
  REQUIRE(health);
  REQUIRE(health->tasks.size() == 2);
  CHECK(health->tasks[0].containers.at(0).status == "HEALTHY");
  CHECK(health->tasks[1].containers.at(0).status == "UNHEALTHY");
  set("arn:100", HealthState::Unknown);
  CHECK(Telemetry::health(all, kIdentity, "m", sample::at(1).wall)->tasks[0].containers.at(0).status ==
        "UNKNOWN");
}
