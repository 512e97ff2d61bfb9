// When a schedule is due.
//
// A time of day that the clock's change in spring leaves out is due at the change, once; one that comes twice
// in autumn is due the first time. A schedule for each hour follows the clock: in spring it goes on behind
// the gap, in autumn it is due in both of the equal hours. (EventBridge Scheduler does not run what spring
// leaves out; a nightly job that is lost once a year helps nobody.)
#pragma once

#include <cstdint>
#include <optional>

#include "controller/jobs/schedule.hpp"
#include "controller/jobs/zone.hpp"

namespace berth::controller {

/// The first moment after `after` at which the schedule is due; nullopt: never again. Rates count from
/// `anchor`.
std::optional<WallTime> nextAfter(const Schedule& schedule, const Zone& zone, WallTime anchor,
                                  WallTime after);

/// Moments that have passed.
struct PassedMoments {
  WallTime last{};
  int64_t count = 0;  ///< at most kMostCounted
  static constexpr int64_t kMostCounted = 1000;
};

/// The moments from `first`, which is one, up to `now`, which is not before it.
PassedMoments passedUpTo(const Schedule& schedule, const Zone& zone, WallTime anchor, WallTime first,
                         WallTime now);

}  // namespace berth::controller
