// Restart policies: whether a container that has ended is started again, and when.
#pragma once

#include "agent/model/task.hpp"

namespace berth::agent {

/// A life of at least this long makes the next restart an immediate one again.
inline constexpr Duration kLastingLife = std::chrono::minutes(10);
/// After a life that did not last: 1 s, twice as long each time, up to this.
inline constexpr Duration kLongestRestartWait = std::chrono::minutes(1);

/// True when the container, which has ended with `exitCode` at `finishedAt`, is to be started again: its
/// policy is on, its task need not stop, the code is not ignored, and it ran for restartAttemptPeriod
/// (amazon-ecs-agent, ecs-agent/api/container/restart).
bool restartDue(const Task& task, const Container& container);

/// Makes the container wait for its restart: none after a first or lasting life, a growing one otherwise.
void planRestart(Container& container, Now now);

/// True while a container that is being started again keeps ending soon.
bool inCrashLoop(const Container& container);

}  // namespace berth::agent
