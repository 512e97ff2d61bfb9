// Resource use of containers, read from the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/result/result.hpp"

namespace berth::agent {

/// Which container to measure.
struct UsageTarget {
  std::string containerId;
  int64_t pid = 0;         ///< of its first process
  bool ownNetwork = true;  ///< false for host and none modes: no network counters
};

struct NetworkUsage {
  uint64_t rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0;
  uint64_t txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0;
};

/// One reading; all counters are cumulative since the container's start but memory.
struct Usage {
  uint64_t cpuNanos = 0;     ///< CPU time used by all its processes
  uint64_t memoryBytes = 0;  ///< usage less reclaimable file cache (inactive_file on v2, cache on v1)
  uint64_t readBytes = 0;    ///< block I/O
  uint64_t writeBytes = 0;
  std::optional<NetworkUsage> network;
};

/// Reads usage. NotFound when the container is gone; Internal when a kernel file makes no sense.
/// A reading costs file reads only, so it may be called on the loop's thread.
class UsageSource {
 public:
  virtual ~UsageSource() = default;
  virtual Result<Usage> read(const UsageTarget& target) = 0;
  /// Forgets what was cached for a container.
  virtual void forget(const std::string& containerId) = 0;
};

}  // namespace berth::agent
