// The decision: what to do next for one container, as a function of values.
#pragma once

#include "agent/model/task.hpp"

namespace berth::agent {

/// What to do next. Wait: something is under way or has a time to wait for. Done: nothing will ever follow.
/// Finish: the container ends without having run.
enum class Action { Wait, Pull, Create, Start, Stop, Inspect, Finish, Done };

/// The next action for `container` of `task`. Exactly one step is under way at a time; a step whose outcome
/// is unknown is followed by Inspect before anything else; a container is created and started only while the
/// task has to run, and never started twice.
Action nextAction(const Task& task, const Container& container, MonoTime now);

}  // namespace berth::agent
