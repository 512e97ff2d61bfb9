// The processes of containers, as the kernel has them: what is true whatever the runtime says.
#pragma once

#include <cstdint>
#include <string>

#include "agent/ports/runtime.hpp"

namespace berth::agent {

struct ProcessTarget {
  std::string containerId;
  int64_t pid = 0;             ///< of its first process when it was last seen to run; 0: unknown
  std::string cgroupParent{};  ///< that it was created with
};

class Processes {
 public:
  virtual ~Processes() = default;
  /// Remembers where the control groups of a container are while its first process lives, as nothing else
  /// tells once that has ended. Idempotent and cheap; forgotten when reap() finds nothing left.
  virtual void watch(const ProcessTarget& target) = 0;
  /// Whether a process of the container is left, after having sent SIGKILL to each if `kill`. Processes are
  /// found by the container's control groups, so a number that the kernel has given to another process since
  /// does no harm. Unavailable when the kernel's files can't be read.
  virtual void reap(ProcessTarget target, bool kill, Callback<bool> done) = 0;
};

}  // namespace berth::agent
