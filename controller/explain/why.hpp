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
enum class Handover { NotSent, Sent, Acknowledged };

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

/// Whether a task of input.taskDefinition would find a place in input.cluster now, with the definition's own
/// constraints alone: {"what": {"cluster", "taskDefinition"}, "state": "PLACEABLE" or "UNPLACEABLE",
/// "instances", "fit", "fails": {"RESOURCE:CPU": 3, ...}, "waitsFor", "causes": failures as RunTask answers
/// them}. ClusterNotFoundException, ClientException (no such definition).
ApiResult<Json> whyPlacement(Context& context);

}  // namespace berth::controller
