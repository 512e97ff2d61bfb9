// One reconcile in the making: what its parts share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/services/reconcile.hpp"

namespace berth::controller {

struct Look {
  const ServiceView& view;
  const ServicePace& pace;
  WallTime now;
  ServicePlan plan;

  /// The plan is to be made anew at `when`, if not before.
  void again(WallTime when) {
    if (!plan.lookAgain || when < *plan.lookAgain) plan.lookAgain = when;
  }
  /// A message that is held back while its cause lasts.
  void say(std::string message);
};

/// Whether `length` has passed since a moment. A wall clock that was set back must not make anyone wait for
/// what it shows to come again: then it has, too.
bool over(WallTime since, Duration length, WallTime now);
/// As over(); when it is not, the look is repeated then.
bool overOrAgain(Look& look, WallTime since, Duration length);

/// How many tasks of a kind there are to be, and who may come and go for it.
struct Aim {
  std::string startsTo;  ///< deployment or task set that new ones are of; empty: nothing is started
  std::vector<std::string>
      keeps;            ///< whose tasks count; those of any other go. Excess goes from the last one first
  bool proven = false;  ///< a task without health checks is healthy as soon as it is RUNNING
  int64_t desired = 0;
  int64_t least = 0;    ///< healthy tasks that must stay
  int64_t most = 0;     ///< tasks that may be there
  Setbacks setbacks;    ///< of startsTo
  bool forced = false;  ///< protection does not count
};

/// What became of it.
struct Balance {
  bool settled = false;  ///< as many as desired are there and healthy, nobody is to come or go
  bool blocked = false;  ///< the bounds allow no move, and nothing that is awaited can change that
  bool kept = false;     ///< protected tasks keep it from settling
};

/// Plans the starts and stops that bring `tasks` nearer to the aim within its bounds.
Balance balance(Look& look, const Aim& aim, const std::vector<const ServiceTask*>& tasks);
/// The same for a DAEMON: a task for each of view.hosts.
Balance balanceDaemon(Look& look, const Aim& aim, const std::vector<const ServiceTask*>& tasks);

/// What a task counts as.
enum class Standing { Coming, Healthy, Failing };
Standing standingOf(Look& look, const ServiceTask& task, bool proven);

/// When something may be started again after failures; nullopt: at once.
std::optional<WallTime> retryAt(const Setbacks& setbacks, const ServicePace& pace, WallTime now);

/// Circuit breaker, and what users asked of the rollout. False: nothing else is to be planned.
bool judge(Look& look);
/// What the bounds of a rolling service have led to: rollout states, old deployments, steady state.
void settle(Look& look, const Balance& balance);
/// The aim of a service that Berth rolls.
Aim aimOf(Look& look);

/// All of a service with an EXTERNAL controller.
void lookAtTaskSets(Look& look);

}  // namespace berth::controller
