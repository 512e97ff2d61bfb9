#include "agent/session/telemetry.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "proto/tcs/codec.hpp"
#include "tests/unit/agent/model/sample.hpp"

using namespace berth;
using namespace berth::agent;

namespace {

const Identity kIdentity{"prod", "arn:instance", "us-east-1"};

/// Readings that grow by the same amounts each time; ids in `gone` can't be read.
class Meter final : public UsageSource {
 public:
  UsageBatch readAll(const std::vector<UsageTarget>& targets) override {
    ++batches;
    asked.clear();
    UsageBatch out;
    for (const UsageTarget& target : targets) {
      asked.insert(target.containerId);
      out.containers.push_back(gone.contains(target.containerId)
                                   ? Result<SharedUsage>(makeError(Code::NotFound, "gone"))
                                   : Result<SharedUsage>(readingOf(target)));
    }
    return out;
  }

  SharedUsage readingOf(const UsageTarget& target) {
    const auto n = static_cast<uint64_t>(++reads[target.containerId]);
    const auto made = std::make_shared<Usage>();
    Usage& usage = *made;
    usage.cpuNanos = n * 500'000'000;  // half a core
    usage.memoryBytes = 64 * 1024 * 1024;
    usage.blocks = {{8, 0, n * 10, n}, {8, 16, n * 5, 0}};
    if (target.ownNetwork) {
      usage.networks.emplace();
      (*usage.networks)["eth0"].rxBytes = n * 1000;
      (*usage.networks)["eth1"].rxBytes = n * 10;
    }
    return made;
  }

  std::map<std::string, int64_t> reads;
  std::set<std::string> gone;
  std::set<std::string> asked;
  int batches = 0;
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
  auto messages = telemetry.takeMetrics(all, kIdentity, "m", sample::at(4));
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
  CHECK(metric.network->rxBytesPerSecond.max == Approx(1010));
  CHECK(metric.network->rxBytes == tcs::CounterSet{2020, 4040, 9090, 3});
  CHECK(metric.readBytes == tcs::CounterSet{15, 60, 150, 4});
  CHECK(metric.writeBytes == tcs::CounterSet{1, 4, 10, 4});
  CHECK_FALSE(metric.restarts);
  CHECK(meter.batches == 4);
}

TEST_CASE("a publication takes its samples with it") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(1);
  for (int second = 0; second < 4; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  telemetry.takeMetrics(all, kIdentity, "m", sample::at(4));
  CHECK(telemetry.takeMetrics(all, kIdentity, "n", sample::at(4)).empty());
  // The next round goes on from the last reading, so no time is lost.
  for (int second = 4; second < 6; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  auto next = telemetry.takeMetrics(all, kIdentity, "o", sample::at(6));
  CHECK(next.at(0).tasks.at(0).containers.at(0).cpu.sampleCount == 2);
}

TEST_CASE("ten tasks go into a message, all with one id, the last with fin") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(21);
  for (int second = 0; second < 4; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  auto messages = telemetry.takeMetrics(all, kIdentity, "m", sample::at(4));
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
  auto messages = telemetry.takeMetrics({}, kIdentity, "m", sample::at(1));
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].metadata.idle);
  CHECK(messages[0].metadata.fin);
}

TEST_CASE("a container that can't be read, or was read once, is left out") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(2);
  meter.gone.insert("id-arn:100");
  telemetry.sample(all, meter, sample::at(0).mono);
  CHECK(telemetry.takeMetrics(all, kIdentity, "m", sample::at(0)).empty());
  telemetry.sample(all, meter, sample::at(1).mono);
  auto messages = telemetry.takeMetrics(all, kIdentity, "m", sample::at(1));
  REQUIRE(messages.at(0).tasks.size() == 1);
  CHECK(messages[0].tasks[0].taskArn == "arn:101");
}

TEST_CASE("a container that has ended is no longer read") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(1);
  telemetry.sample(all, meter, sample::at(0).mono);
  CHECK(meter.asked == std::set<std::string>{"id-arn:100"});
  all.begin()->second.containers[0].known = ContainerStatus::Stopped;
  telemetry.sample(all, meter, sample::at(1).mono);
  CHECK(meter.asked.empty());
  CHECK(telemetry.takeMetrics(all, kIdentity, "m", sample::at(1)).at(0).metadata.idle);
}

TEST_CASE("readings, and the end of them, are told") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(2);
  meter.gone.insert("id-arn:101");
  std::vector<std::string> told;
  const UsageListener listener{
      [&](const std::string& id, const SharedUsage& usage, const HostUsage&) {
        told.push_back(id + " " + std::to_string(usage->cpuNanos));
      },
      [&](const std::string& id) { told.push_back(id + " gone"); },
  };
  telemetry.sample(all, meter, sample::at(0).mono, listener);
  all.clear();
  telemetry.sample(all, meter, sample::at(1).mono, listener);
  telemetry.sample(all, meter, sample::at(2).mono, listener);
  CHECK(told == std::vector<std::string>{"id-arn:100 500000000", "id-arn:100 gone"});
}

TEST_CASE("counters go on over a restart by policy, and restarts are counted between publications") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(1);
  Container& container = all.begin()->second.containers[0];
  container.spec.restartPolicy.enabled = true;
  container.restarts = 2;
  for (int second = 0; second < 3; ++second) telemetry.sample(all, meter, sample::at(second).mono);

  // It has ended and waits for its restart, then lives anew from zero.
  container.restarting = true;
  container.pid = 0;
  telemetry.sample(all, meter, sample::at(3).mono);
  CHECK(meter.asked.empty());
  container.restarting = false;
  container.pid = 2;
  container.restarts = 3;
  meter.reads.clear();
  telemetry.sample(all, meter, sample::at(4).mono);
  auto metric = telemetry.takeMetrics(all, kIdentity, "m", sample::at(4)).at(0).tasks.at(0).containers.at(0);
  CHECK(metric.restarts == 1);
  CHECK(metric.cpu.sampleCount == 3);
  CHECK(metric.cpu.min == Approx(25));  // half a second in two
  CHECK(metric.readBytes.max == 60);    // three readings of 15, and the first of the new life
  CHECK(metric.network->rxBytes.max == 4040);

  telemetry.sample(all, meter, sample::at(5).mono);
  metric = telemetry.takeMetrics(all, kIdentity, "m", sample::at(5)).at(0).tasks.at(0).containers.at(0);
  CHECK(metric.restarts == 0);
  CHECK(metric.readBytes.max == 75);
}

TEST_CASE("a round that nobody takes starts anew, so that what is published is of the recent past") {
  Meter meter;
  Telemetry telemetry(1, std::chrono::seconds(40));
  auto all = tasks(1);
  for (int second = 0; second < 100; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  const auto messages = telemetry.takeMetrics(all, kIdentity, "m", sample::at(100));
  const int64_t samples = messages.at(0).tasks.at(0).containers.at(0).cpu.sampleCount;
  CHECK(samples > 10);
  CHECK(samples <= 41);
}

TEST_CASE("a message that is too long is sent in parts, the last with fin") {
  Meter meter;
  Telemetry telemetry(1);
  auto all = tasks(5);
  for (int second = 0; second < 3; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  const auto message = telemetry.takeMetrics(all, kIdentity, "m", sample::at(3)).at(0);
  CHECK(encodeInParts(message).size() == 1);
  const size_t whole = encodeInParts(message).front().size();
  const auto parts = encodeInParts(message, whole / 2);
  REQUIRE(parts.size() > 1);
  size_t tasksSeen = 0;
  for (const std::string& part : parts) {
    CHECK(part.size() <= whole / 2);
    const auto read = tcs::decodeFromAgent(part);
    REQUIRE(read);
    const auto& metrics = std::get<tcs::PublishMetrics>(*read);
    tasksSeen += metrics.tasks.size();
    CHECK(metrics.metadata.messageId == "m");
    CHECK(metrics.metadata.fin == (&part == &parts.back()));
  }
  CHECK(tasksSeen == 5);
  CHECK(encodeInParts(message, 1).size() == 5);
}

TEST_CASE("in the host's network a container has no counters of its own") {
  Meter meter;
  Telemetry telemetry(1);
  std::map<std::string, Task> all;
  all.emplace("arn:h", runningTask("arn:h", "host"));
  for (int second = 0; second < 4; ++second) telemetry.sample(all, meter, sample::at(second).mono);
  auto messages = telemetry.takeMetrics(all, kIdentity, "m", sample::at(4));
  CHECK_FALSE(messages.at(0).tasks.at(0).containers.at(0).network);
}
