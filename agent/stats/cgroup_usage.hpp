// Resource use read from control groups (version 1, version 2, and the hybrid of both) and procfs.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/kernel/group_finder.hpp"
#include "agent/kernel/kernel_file.hpp"
#include "agent/kernel/kernel_text.hpp"
#include "agent/ports/usage.hpp"
#include "agent/stats/group_files.hpp"

namespace berth::agent {

/// Keeps the files of each container open between readings, and with them its network namespace: until the
/// first reading that finds its groups gone, or does not ask for it any more. The process's own group is
/// looked up through /proc/PID/cgroup; when the container has groups inside its own (an init system), the
/// outermost one that bears the container's id counts.
class CgroupUsageSource final : public UsageSource {
 public:
  explicit CgroupUsageSource(KernelRoots roots = {});

  /// NotFound also when process `pid` does not belong to the container (any more).
  UsageBatch readAll(const std::vector<UsageTarget>& targets) override;

 private:
  struct Open {
    int64_t pid;
    uint64_t batch;  ///< in which it was read last
    GroupFiles files;
  };

  void readHost();
  Result<SharedUsage> readOne(const UsageTarget& target);
  Result<GroupFiles> open(const UsageTarget& target);
  Result<std::optional<GroupPlace>> placeOf(const std::vector<CgroupLine>& lines, const UsageTarget& target,
                                            const std::string& controller);

  KernelRoots roots_;
  std::string unified_;                                  ///< where version 2 is mounted
  std::unordered_map<std::string, std::string> mounts_;  ///< of version 1, by controller, as far as asked for
  std::unordered_map<std::string, Open> open_;
  uint64_t batch_ = 0;
  std::string buffer_;

  // Of the host.
  std::optional<KernelFile> stat_;
  HostUsage host_;
  uint64_t memoryBytes_ = 0;  ///< 0: unknown
};

}  // namespace berth::agent
