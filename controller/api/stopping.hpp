// Stopping a task, whoever wants it.
#pragma once

#include <string>

#include "controller/model/task.hpp"

namespace berth::controller {

/// Wants a task that has not stopped to stop: one without a place is STOPPED at once. Its version is counted
/// up.
void wantStopped(Task& task, std::string code, std::string reason, WallTime now);

}  // namespace berth::controller
