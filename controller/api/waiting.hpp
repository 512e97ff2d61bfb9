// Tasks that wait for a place instead of failing.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// A tag of RunTask (or of the definition, when it hands its tags down): how long its tasks may wait for a
/// place, "10m". "0s": not at all.
inline constexpr const char* kWaitTag = "berth:wait";
inline constexpr Duration kLongestWait = std::chrono::hours(24 * 7);

/// How long a task may wait for a place, zero: it fails without one. `tags` are the task's, as JSON. Without
/// a tag tasks of a capacity provider with managed scaling wait (Amazon ECS, cluster auto scaling).
/// InvalidParameterException for a tag that is no duration, or longer than the longest.
ApiResult<Duration> waitOf(const Context& context, const std::string& tags,
                           const std::string& capacityProvider);

/// Makes a task STOPPED that no agent will report on: it waits, or its agent is gone for good. Why, and its
/// version, are the caller's to set.
void endWithoutAgent(Task& task, WallTime now);

}  // namespace berth::controller
