// Where the kernel keeps the control groups of containers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/ports/processes.hpp"

namespace berth::agent {

/// Where a kernel mounts what is read here.
struct KernelRoots {
  std::string proc = "/proc";
  std::string cgroup = "/sys/fs/cgroup";
};

/// Cuts "/docker/ID/init.scope" behind the part that bears the id; empty when none does.
std::string groupOf(const std::string& path, const std::string& id);

/// The control groups of version 1 and 2, and the hybrid of both.
class GroupFinder {
 public:
  explicit GroupFinder(KernelRoots roots = {});

  /// Folders of the container's group in one hierarchy: through its process while that lives; else where the
  /// runtime's drivers put it ("docker/ID" or below the task's own group, system.slice/docker-ID.scope);
  /// where neither has it, anywhere. Only folders that are there.
  std::vector<std::string> foldersOf(const ProcessTarget& target) const;

  /// Version 2 alone, with its controllers.
  bool unifiedOnly() const { return unified_only_; }
  /// Mounted controllers of version 1, by folder name ("cpu,cpuacct" or "cpu").
  std::vector<std::string> controllers() const;
  const KernelRoots& roots() const { return roots_; }

 private:
  void addByProcess(const ProcessTarget& target, const std::function<void(const std::string&)>& add) const;
  std::string mountOf(const std::vector<std::string>& controllers) const;

  KernelRoots roots_;
  bool unified_only_ = false;
  /// The hierarchy that is looked at: one is enough, as every process of a container is in all of them.
  std::string controller_;  ///< of version 1, whose hierarchy is gone through
  std::string hierarchy_;
};

}  // namespace berth::agent
