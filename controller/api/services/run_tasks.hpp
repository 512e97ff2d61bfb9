// Starting tasks of services, as RunTask starts others.
#pragma once

#include <string>
#include <vector>

#include "controller/api/context.hpp"
#include "controller/scheduler/scheduler.hpp"

namespace berth::controller {

/// An instance's attribute with its availability zone.
inline const std::string kZoneAttribute = "ecs.availability-zone";

/// Copies of what a deployment or a task set runs.
struct ServiceStart {
  const Service& service;
  std::string of;              ///< the id that the tasks are to name in startedBy
  std::string taskDefinition;  ///< family:revision
  Json launch;                 ///< as launchMembers()
  int64_t count = 0;
  std::vector<std::string> hosts;  ///< ids of the instances for one copy each; empty: wherever there is room
  std::vector<std::string> zones;  ///< one copy in the first of these with room, or none; empty: in any
};

struct ServiceStarted {
  std::vector<std::string> tasks;  ///< ids
  std::string zone;                ///< of a copy that was to be in one of several
  /// What the copies without a place asked for, that are not made; empty: all have one or wait for one, or
  /// `refused` says why not.
  std::vector<PlacementRequest> unplaced;
  std::vector<std::string> hosts;  ///< of those that were to have one copy each
  std::string
      why;  ///< continues the event of a task without room: " Reason: ...", " The closest matching ..."
  std::string refused;  ///< something else than room is missing
};

/// Makes tasks, PENDING, on instances that fit, and stages them; those of a capacity provider with managed
/// scaling that find no room are PROVISIONING, and `why` says what keeps them. `context.input` is not looked
/// at.
ServiceStarted startTasks(Context& context, const ServiceStart& start);

}  // namespace berth::controller
