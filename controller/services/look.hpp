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
  int64_t least = 0;               ///< healthy tasks that must stay
  int64_t most = 0;                ///< tasks that may be there
  Setbacks setbacks;               ///< of startsTo
  bool forced = false;             ///< protection does not count
  std::vector<std::string> zones;  ///< to be even over them once all is well; empty: where they are is right
};

/// What became of it.
struct Balance {
  bool settled = false;  ///< as many as desired are there and healthy, nobody is to come or go
  bool blocked = false;  ///< the bounds allow no move, and nothing that is awaited can change that
  bool kept = false;     ///< protected tasks keep it from settling
  bool uneven = false;   ///< one is started to make the zones even
};

/// Plans the starts and stops that bring `tasks` nearer to the aim within its bounds.
Balance balance(Look& look, const Aim& aim, const std::vector<const ServiceTask*>& tasks);
/// The same for a DAEMON: a task for each of view.hosts.
Balance balanceDaemon(Look& look, const Aim& aim, const std::vector<const ServiceTask*>& tasks);

/// What a task counts as.
enum class Standing { Coming, Healthy, Failing };
Standing standingOf(Look& look, const ServiceTask& task, bool proven);

/// Whether scaling and deployments leave the task alone now. If so, the look is repeated when they don't.
bool isProtected(Look& look, const ServiceTask& task);

/// The tasks of a service that count, in zones.
struct Spread {
  std::vector<const ServiceTask*> healthy;
  std::vector<const ServiceTask*> coming;
};
/// Zones of the aim that should have one task more, the emptiest first: another one, of which a task may go,
/// has two more at least. Empty: they are even.
std::vector<std::string> emptierZones(Look& look, const Aim& aim, const Spread& spread);
/// Whether the one task more than desired is on its way to make the zones even.
bool evensOut(Look& look, const Aim& aim, const Spread& spread);
/// Whether the service has said that its zones are uneven, and not yet that they are even again.
bool isEvening(const Service& service);

/// Circuit breaker, and what users asked of the rollout. False: nothing else is to be planned.
bool judge(Look& look);
/// What the bounds of a rolling service have led to: rollout states, old deployments, steady state.
void settle(Look& look, const Balance& balance);
/// The aim of a service that Berth rolls.
Aim aimOf(Look& look);

/// All of a service with an EXTERNAL controller.
void lookAtTaskSets(Look& look);

}  // namespace berth::controller
