// How a report of an agent changes a task. Reports may repeat, overtake each other and come late: a task
// and its containers only move forward, and STOPPED is final.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// Takes one entry of a report (shape ContainerStateChange) into a task.
void applyContainerChange(Task& task, const Json& change, Now now);

/// Moves the task to the status that was reported, with the times, stop code and reason that follow.
/// Returns whether anything changed.
bool applyTaskStatus(Task& task, const std::string& status, const std::string& reason, Now now);

}  // namespace berth::controller
