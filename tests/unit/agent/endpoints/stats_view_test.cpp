#include "agent/endpoints/stats_view.hpp"

#include <catch2/catch.hpp>

namespace berth::agent::endpoints {
namespace {

Usage sampleUsage() {
  Usage usage;
  usage.cpuNanos = 30;
  usage.cpuUserNanos = 20;
  usage.cpuKernelNanos = 10;
  usage.systemCpuNanos = 1000;
  usage.onlineCpus = 4;
  usage.memoryBytes = 600;
  usage.memoryTotalBytes = 1000;
  usage.memoryLimitBytes = 4096;
  usage.memoryStats = {{"cache", 400}, {"rss", 600}};
  usage.blocks = {{8, 16, 100, 200}};
  usage.pids = 3;
  usage.pidsLimit = 50;
  usage.networks.emplace();
  (*usage.networks)["eth0"] = {.rxBytes = 1,
                               .rxPackets = 2,
                               .rxErrors = 3,
                               .rxDropped = 4,
                               .txBytes = 5,
                               .txPackets = 6,
                               .txErrors = 7,
                               .txDropped = 8};
  return usage;
}

TEST_CASE("A reading shows the use as it was read, the memory with its file cache") {
  const StatsReading reading = readingOf(sampleUsage(), fromEpochMillis(1500));
  CHECK(reading.at == fromEpochMillis(1500));
  CHECK(reading.cpuNanos == 30);
  CHECK(reading.cpuUserNanos == 20);
  CHECK(reading.cpuKernelNanos == 10);
  CHECK(reading.systemCpuNanos == 1000);
  CHECK(reading.onlineCpus == 4);
  CHECK(reading.memoryBytes == 1000);
  CHECK(reading.memoryLimitBytes == 4096);
  CHECK(reading.memoryStats == std::map<std::string, uint64_t>{{"cache", 400}, {"rss", 600}});
  CHECK(reading.pids == 3);
  CHECK(reading.pidsLimit == 50);
}

TEST_CASE("A reading shows each device twice, and each interface") {
  const StatsReading reading = readingOf(sampleUsage(), fromEpochMillis(1));
  REQUIRE(reading.blockBytes.size() == 2);
  for (const BlockCounter& counter : reading.blockBytes) {
    CHECK(counter.major == 8);
    CHECK(counter.minor == 16);
    CHECK(counter.value == (counter.operation == "read" ? 100u : 200u));
  }
  CHECK(reading.blockBytes[1].operation == "write");
  REQUIRE(reading.networks.size() == 1);
  const NetworkCounters& network = reading.networks.at("eth0");
  CHECK(network.rxBytes == 1);
  CHECK(network.rxPackets == 2);
  CHECK(network.rxErrors == 3);
  CHECK(network.rxDropped == 4);
  CHECK(network.txBytes == 5);
  CHECK(network.txPackets == 6);
  CHECK(network.txErrors == 7);
  CHECK(network.txDropped == 8);
}

TEST_CASE("A reading shows operations by device, and on version 1 the kernel's own lines instead") {
  Usage usage = sampleUsage();
  usage.blocks = {{8, 16, 100, 200, 3, 4}};
  const StatsReading v2 = readingOf(usage, fromEpochMillis(1));
  REQUIRE(v2.blockOperations.size() == 2);
  CHECK(v2.blockOperations[0].operation == "read");
  CHECK(v2.blockOperations[0].value == 3);
  CHECK(v2.blockOperations[1].value == 4);
  usage.blockBytes = {{8, 16, "Read", 100}, {8, 16, "Sync", 300}, {8, 16, "Total", 300}};
  usage.blockOperations = {{8, 16, "Async", 7}};
  const StatsReading v1 = readingOf(usage, fromEpochMillis(1));
  REQUIRE(v1.blockBytes.size() == 3);
  CHECK(v1.blockBytes[1].operation == "Sync");
  CHECK(v1.blockBytes[1].value == 300);
  CHECK(v1.blockBytes[1].minor == 16);
  REQUIRE(v1.blockOperations.size() == 1);
  CHECK(v1.blockOperations[0].operation == "Async");
}

TEST_CASE("A reading and the one before it show throttling and the time of each CPU") {
  Usage usage = sampleUsage();
  usage.throttling = {20, 5, 900};
  usage.cpuNanosByCpu = {70, 7};
  usage.memoryMostBytes = 6000;
  usage.memoryFailures = 3;
  const auto first = statsAfter(nullptr, readingOf(usage, fromEpochMillis(1)));
  const auto second = statsAfter(first, readingOf(sampleUsage(), fromEpochMillis(2)));
  CHECK(first->current.memoryMostBytes == 6000);
  CHECK(first->current.memoryFailures == 3);
  for (const StatsReading& reading : {first->current, *second->previous}) {
    CHECK(reading.cpuNanosByCpu == std::vector<uint64_t>{70, 7});
    CHECK(reading.cpuPeriods == 20);
    CHECK(reading.cpuThrottledPeriods == 5);
    CHECK(reading.cpuThrottledNanos == 900);
  }
}

TEST_CASE("Without a network of its own a container shows none, and without a limit none") {
  Usage usage = sampleUsage();
  usage.networks.reset();
  usage.pidsLimit.reset();
  const StatsReading reading = readingOf(usage, fromEpochMillis(1));
  CHECK(reading.networks.empty());
  CHECK_FALSE(reading.pidsLimit);
}

TEST_CASE("The reading before the current one is the previous one") {
  const auto first = statsAfter(nullptr, readingOf(sampleUsage(), fromEpochMillis(1)));
  CHECK(first->current.at == fromEpochMillis(1));
  CHECK_FALSE(first->previous);
  const auto second = statsAfter(first, readingOf(sampleUsage(), fromEpochMillis(2)));
  CHECK(second->current.at == fromEpochMillis(2));
  REQUIRE(second->previous);
  CHECK(second->previous->at == fromEpochMillis(1));
  CHECK(second->previous->cpuNanos == 30);
  CHECK(second->previous->systemCpuNanos == 1000);
  CHECK(second->previous->onlineCpus == 4);
  CHECK(second->previous->networks.at("eth0").txBytes == 5);
}

}  // namespace
}  // namespace berth::agent::endpoints
