// Numbers for a console and for metrics, of what the state counts anyway: no walk over tasks.
#pragma once

#include <map>
#include <string>

#include "controller/api/context.hpp"

namespace berth::controller {

struct ClusterCounts {
  int64_t instances = 0;  ///< ACTIVE and DRAINING
  int64_t connected = 0;
  int64_t draining = 0;
  int64_t waiting = 0;  ///< PROVISIONING: without a place
  int64_t pending = 0;
  int64_t running = 0;
  int64_t stopping = 0;
  int64_t services = 0;  ///< ACTIVE

  void add(const ClusterCounts& other);
  /// Of all tasks of the state those that none of these is.
  int64_t stoppedOf(const State& state) const;
};
/// By name; all clusters that are there.
std::map<std::string, ClusterCounts> countsOf(const State& state);

/// {"clusters": [{"clusterArn", "clusterName", "status", "containerInstances": {"registered", "connected",
/// "draining"}, "tasks": {"PENDING", "RUNNING", "STOPPING"}, "services"}], "tasks": {..., "STOPPED"}};
/// STOPPED are those that DescribeTasks still shows.
Json summaryOf(const State& state, const ecs::Names& names);

}  // namespace berth::controller
