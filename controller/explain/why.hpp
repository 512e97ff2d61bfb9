// What tasks, instances and placements wait for, since when, and why.
#pragma once

#include <optional>

#include "controller/api/context.hpp"
#include "controller/model/wait.hpp"

namespace berth::controller {

/// What is known of an instance's agent beside the state.
struct AgentFacts {
  bool connected = false;
  std::optional<WallTime> heardAt;  ///< its last frame, while it is connected
  std::optional<WallTime> lostAt;   ///< when its last session ended; unknown for one of an earlier run
};

/// How far a task that is to be begun or stopped has got on its way to the agent.
enum class Handover { NotSent, Sent, Acknowledged, Held };

/// {"what": {"task", "cluster", "containerInstance"}, "state", "desired", "since", "waitsFor", "causes",
/// "agent": {"connected", ...}, "handover"?}. "waitsFor" is null for a task that waits for nothing; "since"
/// is when the state began. Times are RFC 3339. A task that waits for a place (`wait`) has no instance and no
/// agent: it has "until", when it is given up, and "fails", how many instances fail which test.
Json whyTask(const State& state, const ecs::Names& names, const Task& task, const AgentFacts& agent,
             Handover handover, const std::optional<Wait>& wait = std::nullopt);

/// {"what": {"containerInstance", "cluster"}, "state", "since", "waitsFor", "causes", "agent": {"connected",
/// "lastHeard"?, "lostAt"?}, "tasks": {"PENDING", "RUNNING", "STOPPING"}}.
Json whyInstance(const State& state, const ecs::Names& names, const Instance& instance,
                 const AgentFacts& agent);

/// What is known of a service beside its record.
struct ServiceFacts {
  bool lacksRoom = false;  ///< what was last to be started of it found no place
  int64_t failures = 0;    ///< rounds of them in a row, after which it waits
  Moment failedAt{};       ///< the last of them
  Moment retryAt{};        ///< when tasks are started again
  Moment bakesSince{};     ///< since when all its tasks are there, and its alarms are still watched
  Moment bakesUntil{};
};

/// {"what": {"service", "cluster"}, "state": ACTIVE, DRAINING or INACTIVE, "since", "waitsFor", "until"?,
/// "rollout"?: {"state", "reason", "taskDefinition"} of the PRIMARY deployment, "tasks": as of an instance
/// and PROVISIONING, "causes"}. "waitsFor" is null for a service that has what it wants; "since" is since
/// when it waits, or when its PRIMARY deployment has last changed. "causes" are the events of a service that
/// waits since it was last steady, the first first: {"cause": "ServiceEvent", "at", "message"}.
Json whyService(const State& state, const ecs::Names& names, const Service& service,
                const ServiceFacts& facts, WallTime now);

/// Whether a task of input.taskDefinition would find a place in input.cluster now, with the definition's own
/// constraints alone: {"what": {"cluster", "taskDefinition"}, "state": "PLACEABLE" or "UNPLACEABLE",
/// "instances", "fit", "fails": {"RESOURCE:CPU": 3, ...}, "waitsFor", "causes": failures as RunTask answers
/// them}. ClusterNotFoundException, ClientException (no such definition).
ApiResult<Json> whyPlacement(Context& context);

}  // namespace berth::controller
