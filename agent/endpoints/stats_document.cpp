#include "agent/endpoints/stats_document.hpp"

#include <chrono>

#include "common/text/keyed_numbers.hpp"

namespace berth::agent::endpoints {
namespace {

// Go's zero time: what Docker says where there is no earlier reading.
constexpr const char* kNever = "0001-01-01T00:00:00Z";

Document cpuDocument(const StatsReading* reading) {
  const Usage none{};
  const Usage& of = reading != nullptr ? *reading->usage : none;
  Document usage = {{"total_usage", of.cpuNanos}};
  addUnlessEmpty(usage, "percpu_usage", of.cpuNanosByCpu);
  usage["usage_in_kernelmode"] = of.cpuKernelNanos;
  usage["usage_in_usermode"] = of.cpuUserNanos;
  Document out = {{"cpu_usage", std::move(usage)}};
  if (reading != nullptr) {
    out["system_cpu_usage"] = reading->host.cpuNanos;
    out["online_cpus"] = reading->host.cpus;
  }
  out["throttling_data"] = {{"periods", of.throttling.periods},
                            {"throttled_periods", of.throttling.throttledPeriods},
                            {"throttled_time", of.throttling.throttledNanos}};
  return out;
}

Document countersDocument(const std::vector<BlockLine>& counters) {
  if (counters.empty()) return {};
  Document out = Document::array();
  for (const BlockLine& one : counters) {
    out.push_back({{"major", one.major}, {"minor", one.minor}, {"op", one.operation}, {"value", one.value}});
  }
  return out;
}

/// As Docker tells it: the kernel's own lines on control groups of version 1, else "read" and "write" of each
/// device.
struct BlockLines {
  std::vector<BlockLine> bytes;
  std::vector<BlockLine> operations;
};

BlockLines blockLinesOf(const Usage& usage) {
  BlockLines out{usage.blockBytes, usage.blockOperations};
  if (!out.bytes.empty() || !out.operations.empty()) return out;
  for (const BlockUsage& device : usage.blocks) {
    out.bytes.push_back({device.major, device.minor, "read", device.readBytes});
    out.bytes.push_back({device.major, device.minor, "write", device.writeBytes});
    out.operations.push_back({device.major, device.minor, "read", device.reads});
    out.operations.push_back({device.major, device.minor, "write", device.writes});
  }
  return out;
}

Document blockDocument(const Usage& usage) {
  const BlockLines lines = blockLinesOf(usage);
  Document out = {{"io_service_bytes_recursive", countersDocument(lines.bytes)},
                  {"io_serviced_recursive", countersDocument(lines.operations)}};
  // Of a scheduler that kernels do not have any more.
  for (const char* other : {"io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive",
                            "io_merged_recursive", "io_time_recursive", "sectors_recursive"}) {
    out[other] = nullptr;
  }
  return out;
}

/// Without what the kernel does not say. Docker's figure is with the file cache: who shows it takes what can
/// be given back off by memory.stat.
Document memoryDocument(const Usage& usage) {
  Document out = {{"usage", usage.memoryTotalBytes}};
  if (usage.memoryMostBytes > 0) out["max_usage"] = usage.memoryMostBytes;
  const auto stats = usage.memoryStats ? parseKeyedNumbers(*usage.memoryStats) : std::nullopt;
  out["stats"] = stats.value_or(std::map<std::string, uint64_t>());
  if (usage.memoryFailures > 0) out["failcnt"] = usage.memoryFailures;
  out["limit"] = usage.memoryLimitBytes;
  return out;
}

Document networksDocument(const std::map<std::string, NetworkUsage>& networks) {
  Document out = Document::object();
  for (const auto& [name, of] : networks) {
    out[name] = {{"rx_bytes", of.rxBytes},     {"rx_packets", of.rxPackets}, {"rx_errors", of.rxErrors},
                 {"rx_dropped", of.rxDropped}, {"tx_bytes", of.txBytes},     {"tx_packets", of.txPackets},
                 {"tx_errors", of.txErrors},   {"tx_dropped", of.txDropped}};
  }
  return out;
}

/// Counters begin anew when a container is restarted: no rate can be told then.
std::optional<Document> ratesDocument(const ContainerStats& stats) {
  const auto has = [](const StatsReading& one) {
    return one.usage->networks && !one.usage->networks->empty();
  };
  if (!stats.previous || !has(stats.current) || !has(*stats.previous)) return std::nullopt;
  const double seconds = std::chrono::duration<double>(stats.current.at - stats.previous->at).count();
  const NetworkUsage now = sumOf(*stats.current.usage->networks);
  const NetworkUsage before = sumOf(*stats.previous->usage->networks);
  if (seconds <= 0 || now.rxBytes < before.rxBytes || now.txBytes < before.txBytes) return std::nullopt;
  return Document{{"rx_bytes_per_sec", static_cast<double>(now.rxBytes - before.rxBytes) / seconds},
                  {"tx_bytes_per_sec", static_cast<double>(now.txBytes - before.txBytes) / seconds}};
}

}  // namespace

Document statsDocument(const ContainerView& container, const ContainerStats& stats, Version version) {
  const Usage& now = *stats.current.usage;
  Document pids = {{"current", now.pids}};
  if (now.pidsLimit) pids["limit"] = *now.pidsLimit;
  Document out = {{"read", toRfc3339(stats.current.at)},
                  {"preread", stats.previous ? toRfc3339(stats.previous->at) : kNever},
                  {"pids_stats", std::move(pids)},
                  {"blkio_stats", blockDocument(now)},
                  {"num_procs", 0},
                  {"storage_stats", Document::object()},
                  {"cpu_stats", cpuDocument(&stats.current)},
                  {"precpu_stats", cpuDocument(stats.previous ? &*stats.previous : nullptr)}};
  out["memory_stats"] = memoryDocument(now);
  out["name"] = "/" + container.dockerName;
  out["id"] = container.dockerId;
  if (now.networks && !now.networks->empty()) out["networks"] = networksDocument(*now.networks);
  if (version == Version::V4) {
    if (auto rates = ratesDocument(stats)) out["network_rate_stats"] = std::move(*rates);
  }
  return out;
}

}  // namespace berth::agent::endpoints
