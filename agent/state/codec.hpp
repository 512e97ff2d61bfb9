// What the agent keeps, as the rows of a store:
//   task/<arn>                      a task: its payload, what is known of its containers, what was reported
//   meta/cluster                    the cluster that the agent is registered in
//   meta/container_instance_arn     who the agent is
//   meta/availability_zone          what the last registration was answered with
//   meta/runtime                    what the runtime said of itself when the agent last registered
//   meta/timeline                   of the last task manifest
//   former/<arn>                    a registration that is gone, whose containers are still to be removed
// Unknown members of a row are ignored, missing ones take their defaults.
#pragma once

#include <string>
#include <vector>

#include "agent/engine/effects.hpp"
#include "common/store/store.hpp"

namespace berth::agent {

/// The changes to a store that make an engine's output durable.
Changes toChanges(const Output& output);

/// The changes that remember a registration.
Changes registrationChanges(const std::string& cluster, const std::string& instanceArn);
/// The changes that remember the availability zone that it was answered with; empty: none.
Changes zoneChanges(const std::string& zone);
/// The changes that remember what the runtime said of itself.
Changes runtimeChanges(const RuntimeInfo& info);
/// The changes that forget a registration and all that belonged to it, but for what is to be removed: from
/// then on it is a former one. An empty `instanceArn` was none.
Changes forgetChanges(const std::vector<Record>& records, const std::string& instanceArn);
/// Nothing of a former registration is left.
Changes sweptChanges(const std::string& instanceArn);

struct Stored {
  std::string cluster;
  std::string instanceArn;
  int64_t timeline = 0;
  std::string availabilityZone;  ///< empty: none was told
  std::optional<RuntimeInfo> runtime;
  std::vector<Task> tasks;
  std::vector<std::string> former;   ///< ARNs of registrations that are gone and not removed
  std::vector<std::string> damaged;  ///< "kind/key: why" of the rows that could not be read
};

/// Reads all rows. A row that can't be read costs that row, not the start.
Stored fromRecords(const std::vector<Record>& records);

}  // namespace berth::agent
