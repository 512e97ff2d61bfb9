#include "agent/endpoints/stats_document.hpp"

#include <chrono>

namespace berth::agent::endpoints {
namespace {

// Go's zero time: what Docker says where there is no earlier reading.
constexpr const char* kNever = "0001-01-01T00:00:00Z";

Document cpuDocument(const StatsReading* reading) {
  const StatsReading none{};
  const StatsReading& of = reading != nullptr ? *reading : none;
  Document usage = {{"total_usage", of.cpuNanos}};
  addUnlessEmpty(usage, "percpu_usage", of.cpuNanosByCpu);
  usage["usage_in_kernelmode"] = of.cpuKernelNanos;
  usage["usage_in_usermode"] = of.cpuUserNanos;
  Document out = {{"cpu_usage", std::move(usage)}};
  if (reading != nullptr) {
    out["system_cpu_usage"] = of.systemCpuNanos;
    out["online_cpus"] = of.onlineCpus;
  }
  out["throttling_data"] = {{"periods", of.cpuPeriods},
                            {"throttled_periods", of.cpuThrottledPeriods},
                            {"throttled_time", of.cpuThrottledNanos}};
  return out;
}

Document countersDocument(const std::vector<BlockCounter>& counters) {
  if (counters.empty()) return {};
  Document out = Document::array();
  for (const BlockCounter& one : counters) {
    out.push_back({{"major", one.major}, {"minor", one.minor}, {"op", one.operation}, {"value", one.value}});
  }
  return out;
}

Document blockDocument(const StatsReading& reading) {
  Document out = {{"io_service_bytes_recursive", countersDocument(reading.blockBytes)},
                  {"io_serviced_recursive", countersDocument(reading.blockOperations)}};
  // Of a scheduler that kernels do not have any more.
  for (const char* other : {"io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive",
                            "io_merged_recursive", "io_time_recursive", "sectors_recursive"}) {
    out[other] = nullptr;
  }
  return out;
}

/// Without what the kernel does not say.
Document memoryDocument(const StatsReading& reading) {
  Document out = {{"usage", reading.memoryBytes}};
  if (reading.memoryMostBytes > 0) out["max_usage"] = reading.memoryMostBytes;
  out["stats"] = reading.memoryStats;
  if (reading.memoryFailures > 0) out["failcnt"] = reading.memoryFailures;
  out["limit"] = reading.memoryLimitBytes;
  return out;
}

Document networksDocument(const std::map<std::string, NetworkCounters>& networks) {
  Document out = Document::object();
  for (const auto& [name, of] : networks) {
    out[name] = {{"rx_bytes", of.rxBytes},     {"rx_packets", of.rxPackets}, {"rx_errors", of.rxErrors},
                 {"rx_dropped", of.rxDropped}, {"tx_bytes", of.txBytes},     {"tx_packets", of.txPackets},
                 {"tx_errors", of.txErrors},   {"tx_dropped", of.txDropped}};
  }
  return out;
}

struct Traffic {
  uint64_t rx = 0;
  uint64_t tx = 0;
};

Traffic trafficOf(const StatsReading& reading) {
  Traffic sum;
  for (const auto& [name, of] : reading.networks) {
    sum.rx += of.rxBytes;
    sum.tx += of.txBytes;
  }
  return sum;
}

/// Counters begin anew when a container is restarted: no rate can be told then.
std::optional<Document> ratesDocument(const ContainerStats& stats) {
  if (!stats.previous || stats.current.networks.empty() || stats.previous->networks.empty()) {
    return std::nullopt;
  }
  const double seconds = std::chrono::duration<double>(stats.current.at - stats.previous->at).count();
  const Traffic now = trafficOf(stats.current);
  const Traffic before = trafficOf(*stats.previous);
  if (seconds <= 0 || now.rx < before.rx || now.tx < before.tx) return std::nullopt;
  return Document{{"rx_bytes_per_sec", static_cast<double>(now.rx - before.rx) / seconds},
                  {"tx_bytes_per_sec", static_cast<double>(now.tx - before.tx) / seconds}};
}

}  // namespace

Document statsDocument(const ContainerView& container, const ContainerStats& stats, Version version) {
  const StatsReading& now = stats.current;
  Document pids = {{"current", now.pids}};
  if (now.pidsLimit) pids["limit"] = *now.pidsLimit;
  Document out = {{"read", toRfc3339(now.at)},
                  {"preread", stats.previous ? toRfc3339(stats.previous->at) : kNever},
                  {"pids_stats", std::move(pids)},
                  {"blkio_stats", blockDocument(now)},
                  {"num_procs", 0},
                  {"storage_stats", Document::object()},
                  {"cpu_stats", cpuDocument(&now)},
                  {"precpu_stats", cpuDocument(stats.previous ? &*stats.previous : nullptr)}};
  out["memory_stats"] = memoryDocument(now);
  out["name"] = "/" + container.dockerName;
  out["id"] = container.dockerId;
  if (!now.networks.empty()) out["networks"] = networksDocument(now.networks);
  if (version == Version::V4) {
    if (auto rates = ratesDocument(stats)) out["network_rate_stats"] = std::move(*rates);
  }
  return out;
}

}  // namespace berth::agent::endpoints
