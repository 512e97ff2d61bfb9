#include "agent/endpoints/stats_view.hpp"

#include <utility>

namespace berth::agent::endpoints {
namespace {

NetworkCounters countersOf(const NetworkUsage& usage) {
  return {.rxBytes = usage.rxBytes,
          .rxPackets = usage.rxPackets,
          .rxErrors = usage.rxErrors,
          .rxDropped = usage.rxDropped,
          .txBytes = usage.txBytes,
          .txPackets = usage.txPackets,
          .txErrors = usage.txErrors,
          .txDropped = usage.txDropped};
}

std::vector<BlockCounter> countersOf(const std::vector<BlockLine>& lines) {
  std::vector<BlockCounter> out;
  out.reserve(lines.size());
  for (const BlockLine& line : lines) out.push_back({line.major, line.minor, line.operation, line.value});
  return out;
}

void putBlocks(const Usage& usage, StatsReading& out) {
  out.blockBytes = countersOf(usage.blockBytes);
  out.blockOperations = countersOf(usage.blockOperations);
  if (!out.blockBytes.empty() || !out.blockOperations.empty()) return;
  for (const BlockUsage& device : usage.blocks) {
    out.blockBytes.push_back({device.major, device.minor, "read", device.readBytes});
    out.blockBytes.push_back({device.major, device.minor, "write", device.writeBytes});
    out.blockOperations.push_back({device.major, device.minor, "read", device.reads});
    out.blockOperations.push_back({device.major, device.minor, "write", device.writes});
  }
}

void putCpu(const Usage& usage, StatsReading& out) {
  out.cpuNanos = usage.cpuNanos;
  out.cpuKernelNanos = usage.cpuKernelNanos;
  out.cpuUserNanos = usage.cpuUserNanos;
  out.cpuNanosByCpu = usage.cpuNanosByCpu;
  out.cpuPeriods = usage.throttling.periods;
  out.cpuThrottledPeriods = usage.throttling.throttledPeriods;
  out.cpuThrottledNanos = usage.throttling.throttledNanos;
  out.systemCpuNanos = usage.systemCpuNanos;
  out.onlineCpus = usage.onlineCpus;
}

}  // namespace

StatsReading readingOf(const Usage& usage, WallTime at) {
  StatsReading out;
  out.at = at;
  putCpu(usage, out);
  // Docker's figure is with the file cache: who shows it takes what can be given back off by memory.stat.
  out.memoryBytes = usage.memoryTotalBytes;
  out.memoryLimitBytes = usage.memoryLimitBytes;
  out.memoryMostBytes = usage.memoryMostBytes;
  out.memoryFailures = usage.memoryFailures;
  out.memoryStats = usage.memoryStats;
  if (usage.networks) {
    for (const auto& [name, network] : *usage.networks) out.networks.emplace(name, countersOf(network));
  }
  putBlocks(usage, out);
  out.pids = usage.pids;
  out.pidsLimit = usage.pidsLimit;
  return out;
}

std::shared_ptr<const ContainerStats> statsAfter(const std::shared_ptr<const ContainerStats>& before,
                                                 StatsReading now) {
  auto out = std::make_shared<ContainerStats>();
  out->current = std::move(now);
  if (!before) return out;
  const StatsReading& last = before->current;
  StatsReading& previous = out->previous.emplace();
  previous.at = last.at;
  previous.cpuNanos = last.cpuNanos;
  previous.cpuKernelNanos = last.cpuKernelNanos;
  previous.cpuUserNanos = last.cpuUserNanos;
  previous.cpuNanosByCpu = last.cpuNanosByCpu;
  previous.cpuPeriods = last.cpuPeriods;
  previous.cpuThrottledPeriods = last.cpuThrottledPeriods;
  previous.cpuThrottledNanos = last.cpuThrottledNanos;
  previous.systemCpuNanos = last.systemCpuNanos;
  previous.onlineCpus = last.onlineCpus;
  previous.networks = last.networks;
  return out;
}

}  // namespace berth::agent::endpoints
