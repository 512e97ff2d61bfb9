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

}  // namespace

StatsReading readingOf(const Usage& usage, WallTime at) {
  StatsReading out;
  out.at = at;
  out.cpuNanos = usage.cpuNanos;
  out.cpuKernelNanos = usage.cpuKernelNanos;
  out.cpuUserNanos = usage.cpuUserNanos;
  out.systemCpuNanos = usage.systemCpuNanos;
  out.onlineCpus = usage.onlineCpus;
  // Docker's figure is with the file cache: who shows it takes what can be given back off by memory.stat.
  out.memoryBytes = usage.memoryTotalBytes;
  out.memoryLimitBytes = usage.memoryLimitBytes;
  out.memoryStats = usage.memoryStats;
  if (usage.networks) {
    for (const auto& [name, network] : *usage.networks) out.networks.emplace(name, countersOf(network));
  }
  for (const BlockUsage& device : usage.blocks) {
    out.blockBytes.push_back({device.major, device.minor, "read", device.readBytes});
    out.blockBytes.push_back({device.major, device.minor, "write", device.writeBytes});
  }
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
  previous.systemCpuNanos = last.systemCpuNanos;
  previous.onlineCpus = last.onlineCpus;
  previous.networks = last.networks;
  return out;
}

}  // namespace berth::agent::endpoints
