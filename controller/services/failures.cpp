#include "controller/services/failures.hpp"

#include <algorithm>

#include "controller/services/look.hpp"

namespace berth::controller {
namespace {

constexpr int64_t kMostDoublings = 30;  // beyond any longest wait, and far from an overflow

Duration waitAfter(int64_t rounds, const ServicePace& pace) {
  const auto doublings = std::clamp<int64_t>(rounds - 1, 0, kMostDoublings);
  return std::min<Duration>(pace.firstRetry * (int64_t{1} << doublings), pace.lastRetry);
}

}  // namespace

bool hasFailed(const Task& ended, const ServicePace& pace) {
  if (ended.stopCode != "TaskFailedToStart" && ended.stopCode != "EssentialContainerExited") return false;
  // It found no room in time, which is no fault of what it was to run.
  if (ended.instance.empty()) return false;
  if (!ended.startedAt) return true;
  if (checksHealth(*ended.spec)) return !ended.wasHealthy;
  return *ended.stoppedAt - *ended.startedAt < pace.shortRun;
}

void count(Setbacks& setbacks, WallTime createdAt, WallTime now) {
  if (setbacks.rounds == 0 || createdAt > setbacks.lastAt) ++setbacks.rounds;
  setbacks.lastAt = now;
}

std::optional<WallTime> retryAt(const Setbacks& setbacks, const ServicePace& pace, WallTime now) {
  if (setbacks.rounds == 0) return std::nullopt;
  const Duration wait = waitAfter(setbacks.rounds, pace);
  if (over(setbacks.lastAt, wait, now)) return std::nullopt;
  return setbacks.lastAt + std::chrono::duration_cast<WallTime::duration>(wait);
}

}  // namespace berth::controller
