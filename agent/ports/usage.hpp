// Resource use of containers, read from the kernel.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result/result.hpp"

namespace berth::agent {

/// Which container to measure.
struct UsageTarget {
  std::string containerId;
  int64_t pid = 0;         ///< of its first process
  bool ownNetwork = true;  ///< false for host and none modes: no network counters
};

/// Bytes and packets since the network namespace was made.
struct NetworkUsage {
  uint64_t rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0;
  uint64_t txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0;
  bool operator==(const NetworkUsage&) const = default;

  NetworkUsage& operator+=(const NetworkUsage& other) {
    rxBytes += other.rxBytes;
    rxPackets += other.rxPackets;
    rxErrors += other.rxErrors;
    rxDropped += other.rxDropped;
    txBytes += other.txBytes;
    txPackets += other.txPackets;
    txErrors += other.txErrors;
    txDropped += other.txDropped;
    return *this;
  }
};

inline NetworkUsage sumOf(const std::map<std::string, NetworkUsage>& networks) {
  NetworkUsage sum;
  for (const auto& [name, usage] : networks) sum += usage;
  return sum;
}

/// One device that the container has read from or written to.
struct BlockUsage {
  uint64_t major = 0;
  uint64_t minor = 0;
  uint64_t readBytes = 0;
  uint64_t writeBytes = 0;
  uint64_t reads = 0;  ///< on version 2 only, as the next; version 1 has them in Usage::blockOperations
  uint64_t writes = 0;
  bool operator==(const BlockUsage&) const = default;
};

/// One counter of version 1's block I/O, in the kernel's words.
struct BlockLine {
  uint64_t major = 0;
  uint64_t minor = 0;
  std::string operation;  ///< "Read", "Write", "Sync", "Async", "Discard", "Total"
  uint64_t value = 0;
  bool operator==(const BlockLine&) const = default;
};

/// Periods in which the kernel held back a container that has a quota of CPU time.
struct CpuThrottling {
  uint64_t periods = 0;
  uint64_t throttledPeriods = 0;
  uint64_t throttledNanos = 0;
  bool operator==(const CpuThrottling&) const = default;
};

/// One reading. Times, bytes and packets are cumulative since the container's start; memory and processes
/// are as of now; of a container that has not run since they were read last, they may be some seconds old.
struct Usage {
  uint64_t cpuNanos = 0;                ///< CPU time used by all its processes
  uint64_t cpuUserNanos = 0;            ///< of that; on version 1 in steps of 10 ms
  uint64_t cpuKernelNanos = 0;          ///< likewise
  std::vector<uint64_t> cpuNanosByCpu;  ///< version 1 only
  CpuThrottling throttling;

  uint64_t memoryBytes = 0;       ///< usage less reclaimable file cache (inactive_file on v2, cache on v1)
  uint64_t memoryTotalBytes = 0;  ///< usage with all of the cache
  uint64_t memoryMostBytes = 0;   ///< the most that memoryTotalBytes has ever been; version 1 only
  uint64_t memoryFailures = 0;    ///< how often the limit was hit; version 1 only
  uint64_t memoryLimitBytes = 0;  ///< its own, or what the host has if that is less; a minute old at most
  /// memory.stat as the kernel wrote it, which few ever look at; null where it does not say.
  std::shared_ptr<const std::string> memoryStats;

  std::vector<BlockUsage> blocks;          ///< block I/O by device
  std::vector<BlockLine> blockBytes;       ///< the same as version 1 tells it; empty on version 2
  std::vector<BlockLine> blockOperations;  ///< likewise

  uint64_t pids = 0;                  ///< processes and threads; 0 where the kernel does not count them
  std::optional<uint64_t> pidsLimit;  ///< nullopt: none; a minute old at most

  /// By interface, without lo; nullopt for a container without a network of its own.
  std::optional<std::map<std::string, NetworkUsage>> networks;
};

/// A reading is shared by all who look at it, and is the same one as before where nothing has changed.
using SharedUsage = std::shared_ptr<const Usage>;

/// Of the host, at one moment.
struct HostUsage {
  uint64_t cpuNanos = 0;  ///< since boot, of all its CPUs, busy and idle
  uint32_t cpus = 0;      ///< online
};

struct UsageBatch {
  HostUsage host;
  std::vector<Result<SharedUsage>> containers;  ///< one for each target, in their order
};

/// Reads usage. A reading costs file reads only, so it may be made on the loop's thread.
class UsageSource {
 public:
  virtual ~UsageSource() = default;
  /// NotFound when a container is gone; Internal when a kernel file makes no sense. What is kept for
  /// containers that are not among the targets is let go.
  virtual UsageBatch readAll(const std::vector<UsageTarget>& targets) = 0;
};

}  // namespace berth::agent
