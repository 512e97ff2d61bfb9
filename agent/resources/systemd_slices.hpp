// Control groups of tasks where systemd makes them: a slice for each task.
#pragma once

#include <string>

#include "agent/kernel/group_finder.hpp"
#include "agent/ports/task_resources.hpp"

namespace berth::agent {

/// For runtimes whose cgroup driver is systemd's: with that, a group that systemd did not make is not heeded.
/// The names are those of amazon-ecs-agent (agent/taskresource/cgroup/control/factory):
/// "ecstasks-TASKID.slice", which lies in "ecstasks.slice". Calls block for as long as systemd takes, at most
/// some seconds.
class SystemdSlices {
 public:
  /// `period`: in which a task gets its share of the processors.
  explicit SystemdSlices(KernelRoots roots = {}, Duration period = std::chrono::milliseconds(100));

  /// Makes the slice of a task, or gives it these limits; answers its name, which containers name as their
  /// parent. Unavailable with systemd's words.
  Result<std::string> make(const std::string& taskId, const GroupLimits& limits) const;
  /// Removes it, unless something is in it (FailedPrecondition). What is gone already is no error.
  Status remove(const std::string& taskId) const;

 private:
  KernelRoots roots_;
  uint64_t periodMicros_;
};

}  // namespace berth::agent
