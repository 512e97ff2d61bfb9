#include "agent/model/restart.hpp"

#include <algorithm>

namespace berth::agent {
namespace {

constexpr Duration kFirstWait = std::chrono::seconds(1);
constexpr int kLoopLives = 3;

/// Docker takes the two times apart from each other: the end of a very short life can come before its start.
Duration lifeOf(const Container& container) {
  if (!container.startedAt || !container.finishedAt) return Duration::zero();
  return std::max<Duration>(*container.finishedAt - *container.startedAt, Duration::zero());
}

}  // namespace

bool restartDue(const Task& task, const Container& container) {
  const acs::RestartPolicy& policy = container.spec.restartPolicy;
  if (!policy.enabled || mustStop(task) || !container.exitCode) return false;
  const auto& ignored = policy.ignoredExitCodes;
  if (std::ranges::find(ignored, *container.exitCode) != ignored.end()) return false;
  return lifeOf(container) >= std::chrono::seconds(policy.attemptPeriod);
}

void planRestart(Container& container, Now now) {
  const bool lasted = lifeOf(container) >= kLastingLife;
  container.shortLives = lasted ? 0 : container.shortLives + 1;
  Duration wait = Duration::zero();
  if (container.shortLives > 1) {
    wait = kFirstWait;
    for (int i = 2; i < container.shortLives && wait < kLongestRestartWait; ++i) wait *= 2;
  }
  // It has run, if only for a moment that nobody saw: otherwise it would be started like a new one, at once.
  container.known = std::max(container.known, ContainerStatus::Running);
  container.restarting = true;
  container.restartAt = now.mono + std::min(wait, kLongestRestartWait);
  container.pid = 0;
  container.runningSince.reset();
}

bool inCrashLoop(const Container& container) { return container.shortLives >= kLoopLives; }

}  // namespace berth::agent
