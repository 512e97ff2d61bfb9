// Resource use read from control groups (version 1, version 2, and the hybrid of both) and procfs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/kernel/group_finder.hpp"
#include "agent/kernel/kernel_file.hpp"
#include "agent/ports/usage.hpp"

namespace berth::agent {

/// Keeps the cgroup files of each container open between readings. The process's own group is looked up
/// through /proc/PID/cgroup; when the container has groups inside its own (an init system), the outermost
/// one that bears the container's id counts.
class CgroupUsageSource final : public UsageSource {
 public:
  explicit CgroupUsageSource(KernelRoots roots = {});

  /// NotFound also when process `pid` does not belong to the container (any more).
  Result<Usage> read(const UsageTarget& target) override;
  void forget(const std::string& containerId) override { groups_.erase(containerId); }

 private:
  /// The files of one container. Block I/O is absent where the kernel has no controller for it.
  struct Group {
    int64_t pid;
    bool memoryV2;
    bool cpuV2;
    bool blockV2 = false;
    KernelFile memory;
    KernelFile memoryStat;
    KernelFile cpu;
    std::optional<KernelFile> block;
  };
  struct Place {
    std::string folder;
    bool v2;
  };

  Result<Group> open(const UsageTarget& target) const;
  Result<std::vector<Place>> places(const UsageTarget& target,
                                    const std::vector<std::string>& controllers) const;
  Result<Usage> measure(const Group& group, const UsageTarget& target) const;

  KernelRoots roots_;
  std::string unified_;  ///< where version 2 is mounted
  std::map<std::string, Group> groups_;
};

}  // namespace berth::agent
