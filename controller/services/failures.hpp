// Tasks that were of no use, and how long their service waits before it starts others.
#pragma once

#include <chrono>
#include <optional>

#include "controller/services/reconcile.hpp"

namespace berth::controller {

/// Whether a STOPPED task ended by itself without having been of use: it never ran, its health checks never
/// said HEALTHY, or, where there are none, it ran for a short time only.
bool hasFailed(const Task& ended, const ServicePace& pace);

/// Counts the failure of a task, whose round began when it was created.
void count(Setbacks& setbacks, WallTime createdAt, WallTime now);

/// When something may be started again after failures; nullopt: at once.
std::optional<WallTime> retryAt(const Setbacks& setbacks, const ServicePace& pace, WallTime now);

/// How long a rollout whose tasks are all there is still watched by its alarms.
std::chrono::milliseconds bakeOf(const AlarmRules& rules, const ServicePace& pace);

/// The failure that is worth telling users that tasks can't be started consistently.
inline constexpr int64_t kImpairedRounds = 3;

}  // namespace berth::controller
