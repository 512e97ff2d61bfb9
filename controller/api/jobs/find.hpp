// Jobs by the names that calls have for them.
#pragma once

#include "controller/api/context.hpp"
#include "controller/jobs/zone.hpp"
#include "controller/model/jobs.hpp"

namespace berth::controller {

ApiError noSuchThing(std::string message);

/// The job that "name" and "cluster" of the input mean.
ApiResult<const Job*> findJob(const Context& context);

/// When a job with a schedule is due after `now`; nullopt: never, or not known (see checkSchedule).
std::optional<WallTime> nextRunOf(const Job& job, const Zones& zones, WallTime now);

/// InvalidParameterException for a schedule or zone that can't be read, or that is never due after `now`.
std::optional<ApiError> checkSchedule(const Job& job, const Zones& zones, WallTime now);

}  // namespace berth::controller
