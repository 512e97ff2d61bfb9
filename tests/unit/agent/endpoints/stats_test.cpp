#include <catch2/catch.hpp>

#include "tests/unit/agent/endpoints/sample.hpp"

namespace berth::agent::endpoints::test {
namespace {

/// Two readings, to be changed before they are shown.
struct Readings {
  Usage before;
  Usage now;
  WallTime at = wallAt(2000);
  bool first = false;  ///< there is none before
};

Readings twoReadings() {
  Readings stats;
  Usage& before = stats.before;
  before.cpuNanos = 100;
  before.networks.emplace();
  (*before.networks)["eth0"] = {1000, 10, 0, 0, 500, 5, 0, 0};
  Usage& now = stats.now = before;
  now.cpuNanos = 300;
  now.cpuKernelNanos = 100;
  now.cpuUserNanos = 200;
  now.memoryBytes = 4000;
  now.memoryTotalBytes = 4096;
  now.memoryLimitBytes = 8192;
  now.memoryStats = std::make_shared<const std::string>("inactive_file 7\n");
  (*now.networks)["eth0"] = {3000, 30, 1, 2, 1500, 15, 3, 4};
  now.blocks = {{8, 0, 11, 22, 1, 2}};
  now.pids = 3;
  return stats;
}

Directory& measured(Directory& directory, const Readings& stats = twoReadings()) {
  directory.put(shared(sampleTask()));
  directory.eraseStats(kWebId);
  if (!stats.first)
    directory.putStats(kWebId, {wallAt(0), std::make_shared<const Usage>(stats.before), {1000, 2}});
  directory.putStats(kWebId, {stats.at, std::make_shared<const Usage>(stats.now), {5000, 2}});
  return directory;
}

json askStats(const Directory& directory, const std::string& path) {
  const Response response = answerMetadata(get(path), directory);
  INFO(response.body);
  REQUIRE(response.status == 200);
  return json::parse(response.body);
}

TEST_CASE("Statistics have the shape of Docker's") {
  Directory directory;
  const json stats = askStats(measured(directory), "/v4/" + kWebEndpoint + "/stats");
  CHECK(stats["read"] == "2024-06-29T08:33:22.000Z");
  CHECK(stats["preread"] == "2024-06-29T08:33:20.000Z");
  CHECK(stats["name"] == "/ecs-web-7-web-0a");
  CHECK(stats["id"] == kWebId);
  CHECK(stats["cpu_stats"]["cpu_usage"] ==
        json({{"total_usage", 300}, {"usage_in_kernelmode", 100}, {"usage_in_usermode", 200}}));
  CHECK(stats["cpu_stats"]["system_cpu_usage"] == 5000);
  CHECK(stats["cpu_stats"]["online_cpus"] == 2);
  CHECK(stats["precpu_stats"]["cpu_usage"]["total_usage"] == 100);
  CHECK(stats["precpu_stats"]["system_cpu_usage"] == 1000);
  CHECK(stats["memory_stats"] == json({{"usage", 4096}, {"limit", 8192}, {"stats", {{"inactive_file", 7}}}}));
  CHECK(stats["networks"]["eth0"] == json({{"rx_bytes", 3000},
                                           {"rx_packets", 30},
                                           {"rx_errors", 1},
                                           {"rx_dropped", 2},
                                           {"tx_bytes", 1500},
                                           {"tx_packets", 15},
                                           {"tx_errors", 3},
                                           {"tx_dropped", 4}}));
  CHECK(stats["blkio_stats"]["io_service_bytes_recursive"][1] ==
        json({{"major", 8}, {"minor", 0}, {"op", "write"}, {"value", 22}}));
  CHECK(stats["pids_stats"] == json({{"current", 3}}));
}

TEST_CASE("v4 adds the rates of the network, v3 does not") {
  Directory directory;
  const json v4 = askStats(measured(directory), "/v4/" + kWebEndpoint + "/stats");
  CHECK(v4["network_rate_stats"] == json({{"rx_bytes_per_sec", 1000.0}, {"tx_bytes_per_sec", 500.0}}));
  const json v3 = askStats(directory, "/v3/" + kWebEndpoint + "/stats");
  CHECK_FALSE(v3.contains("network_rate_stats"));
}

TEST_CASE("There is no rate after a restart of the counters, without a network, or in no time") {
  for (const int what : {0, 1, 2, 3}) {
    Readings stats = twoReadings();
    if (what == 0) (*stats.now.networks)["eth0"].rxBytes = 1;
    if (what == 1) stats.now.networks.reset();
    if (what == 2) stats.at = wallAt(0);
    if (what == 3) stats.first = true;
    Directory directory;
    const json shown = askStats(measured(directory, stats), "/v4/" + kWebEndpoint + "/stats");
    CHECK_FALSE(shown.contains("network_rate_stats"));
    CHECK(shown.contains("networks") == (what != 1));
  }
}

TEST_CASE("Statistics show what the kernel tells beyond that, and leave out what it does not") {
  Readings stats = twoReadings();
  Usage& now = stats.now;
  now.cpuNanosByCpu = {200, 100};
  now.throttling = {20, 5, 900};
  now.memoryMostBytes = 6000;
  now.memoryFailures = 2;
  now.blockBytes = {{8, 0, "Read", 11}, {8, 0, "Sync", 33}};
  now.blockOperations = {{8, 0, "Sync", 7}};
  stats.before.throttling.periods = 10;
  Directory directory;
  const std::string path = "/v4/" + kWebEndpoint + "/stats";
  const json shown = askStats(measured(directory, stats), path);
  CHECK(shown["cpu_stats"]["cpu_usage"]["percpu_usage"] == json({200, 100}));
  CHECK(shown["cpu_stats"]["throttling_data"] ==
        json({{"periods", 20}, {"throttled_periods", 5}, {"throttled_time", 900}}));
  CHECK(shown["precpu_stats"]["throttling_data"]["periods"] == 10);
  CHECK(shown["memory_stats"]["max_usage"] == 6000);
  CHECK(shown["memory_stats"]["failcnt"] == 2);
  CHECK(shown["blkio_stats"]["io_serviced_recursive"] ==
        json::array({{{"major", 8}, {"minor", 0}, {"op", "Sync"}, {"value", 7}}}));
  CHECK(shown["blkio_stats"]["io_service_bytes_recursive"].size() == 2);
  const json without = askStats(measured(directory), path);
  CHECK_FALSE(without["cpu_stats"]["cpu_usage"].contains("percpu_usage"));
  CHECK(without["cpu_stats"]["throttling_data"]["periods"] == 0);
  CHECK(without["blkio_stats"]["io_serviced_recursive"][1] ==
        json({{"major", 8}, {"minor", 0}, {"op", "write"}, {"value", 2}}));
  now.blocks.clear();
  now.blockBytes.clear();
  now.blockOperations.clear();
  now.memoryStats.reset();
  const json none = askStats(measured(directory, stats), path);
  CHECK(none["blkio_stats"]["io_serviced_recursive"] == nullptr);
  CHECK(none["memory_stats"]["stats"] == json::object());
}

TEST_CASE("The first reading has nothing before it") {
  Readings stats = twoReadings();
  stats.first = true;
  Directory directory;
  const json shown = askStats(measured(directory, stats), "/v3/" + kWebEndpoint + "/stats");
  CHECK(shown["preread"] == "0001-01-01T00:00:00Z");
  CHECK(shown["precpu_stats"]["cpu_usage"]["total_usage"] == 0);
  CHECK_FALSE(shown["precpu_stats"].contains("system_cpu_usage"));
}

TEST_CASE("A task's statistics have an entry for each created container") {
  Directory directory;
  const json v4 = askStats(measured(directory), "/v4/" + kWebEndpoint + "/task/stats");
  CHECK(v4.size() == 2);
  CHECK(v4[kWebId]["id"] == kWebId);
  CHECK(v4[kDbId] == json::object());
  CHECK(askStats(directory, "/v3/" + kDbEndpoint + "/task/stats")[kDbId] == nullptr);
}

TEST_CASE("v2 shows statistics of the caller's own task only") {
  Directory directory;
  measured(directory);
  TaskView task = sampleTask();
  task.networkMode = "awsvpc";
  directory.put(shared(task));
  CHECK(askStats(directory, "/v2/stats").size() == 2);
  CHECK(askStats(directory, "/v2/stats/" + kWebId)["id"] == kWebId);
  const Response missing = answerMetadata(get("/v2/stats/" + kDbId), directory);
  CHECK(missing.status == 400);
  CHECK(json::parse(missing.body) == "Unable to get container stats for: " + kDbId);
  CHECK(answerMetadata(get("/v2/stats/elsewhere"), directory).status == 400);
}

}  // namespace
}  // namespace berth::agent::endpoints::test
