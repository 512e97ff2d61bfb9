// Control groups of tasks: one that holds all containers of a task, with limits of its own.
#pragma once

#include <string>

#include "agent/kernel/group_finder.hpp"
#include "agent/ports/task_resources.hpp"

namespace berth::agent {

/// Version 1 in each controller, or version 2, below "ecs/"; the names are those of amazon-ecs-agent,
/// agent/taskresource/cgroup. Made for runtimes whose cgroup driver is cgroupfs: with systemd's, groups are
/// systemd's to make.
class TaskGroups {
 public:
  /// `period`: in which a task gets its share of the processors.
  explicit TaskGroups(KernelRoots roots = {}, Duration period = std::chrono::milliseconds(100));

  /// Makes the group of a task and sets its limits; answers what containers name as their parent,
  /// "/ecs/TASKID". Idempotent. Errors name the file and what the kernel said.
  Result<std::string> make(const std::string& taskId, const GroupLimits& limits) const;
  /// Removes it, unless processes are in it (FailedPrecondition). What is gone already is no error.
  Status remove(const std::string& taskId) const;

 private:
  GroupFinder finder_;
  int64_t periodMicros_;
};

/// Version 1 counts CPU shares from 2 to 262144, version 2 and systemd weights from 1 to 10000.
int64_t cpuWeightOf(int64_t shares);

}  // namespace berth::agent
