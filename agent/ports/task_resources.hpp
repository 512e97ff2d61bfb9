// What the containers of a task share: volumes, a control group, host ports that have to be chosen together,
// a network.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/ports/runtime.hpp"

namespace berth::agent {

/// Limits of all containers of a task together.
struct GroupLimits {
  double cpus = 0;          ///< cores; 0: no limit, `shares` count
  int64_t shares = 0;       ///< 2 to 262144
  int64_t memoryBytes = 0;  ///< 0: no limit
  int64_t pids = 0;         ///< 0: no limit
  bool operator==(const GroupLimits&) const = default;
};

/// Host ports in a row that are to be free.
struct PortWish {
  std::string container;
  size_t mapping = 0;  ///< index in the container's port mappings
  uint16_t count = 1;
  std::string protocol;  ///< "tcp" or "udp"
  bool operator==(const PortWish&) const = default;
};

struct TaskSetUp {
  std::string taskId;
  std::vector<VolumeSpec> volumes;
  std::vector<std::string> ownVolumes;  ///< names of those that end with the task
  std::optional<GroupLimits> group;
  std::vector<PortWish> ports;
  bool network = false;  ///< an address of the task's own

  bool empty() const { return volumes.empty() && !group && ports.empty() && !network; }
};

struct SetUpOutcome {
  std::string cgroupParent;          ///< empty without a group
  std::vector<uint16_t> firstPorts;  ///< for each wish, in order
  std::optional<TaskNetwork> network{};
};

class TaskResources {
 public:
  virtual ~TaskResources() = default;
  /// Idempotent. Errors name what failed, as users know it: "VolumeError: ...", "CgroupError: ...",
  /// "PortError: ...",
  /// "ContainerNetworkingError: ...".
  virtual void setUp(TaskSetUp setUp, Callback<SetUpOutcome> done) = 0;
  /// Idempotent; what is gone already is no error.
  virtual void tearDown(TaskSetUp setUp, Callback<std::monostate> done) = 0;
};

}  // namespace berth::agent
