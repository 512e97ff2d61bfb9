// Why a task ended.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// The chain of causes, the first cause first; empty while nothing has asked for the task's end:
///   {"cause": "StopTask", "at", "by": ARN, "reason"}
///   {"cause": "ContainerStopped", "at", "container", "essential", "exitCode"?, "reason"?}: the first that
///   was
///     reported to have ended
///   {"cause": "InstanceDeregistered", "at", "by": ARN, "containerInstanceArn"}
///   {"cause": "TaskStopped", "at"?, "stopCode"?, "reason"?}: what came of it
/// Times are RFC 3339.
Json causesOf(const State& state, const ecs::Names& names, const Task& task);

/// What is kept of a stopped task when it is forgotten, as JSON text: {"task": shape Task, with tags,
/// "causes"}.
std::string recordOf(const State& state, const ecs::Names& names, const Task& task);

}  // namespace berth::controller
