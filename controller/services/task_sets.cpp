// A service whose user rolls it by task sets: each has the tasks that its scale asks for.
#include <algorithm>

#include "controller/services/look.hpp"
#include "controller/services/texts.hpp"

namespace berth::controller {
namespace {

/// Failures of a task set count no more once a task of it has run for long enough.
void forgive(Look& look, TaskSet& set) {
  if (set.setbacks.rounds == 0) return;
  for (const ServiceTask& task : look.view.tasks) {
    if (task.of != set.id || !task.running) continue;
    if (!task.checked && overOrAgain(look, task.startedAt, look.pace.shortRun) &&
        task.startedAt + look.pace.shortRun > set.setbacks.lastAt) {
      set.setbacks = {};
      return;
    }
  }
}

Aim aimOf(const Look& look, const TaskSet& set) {
  const Service& service = look.view.service;
  Aim aim;
  aim.desired = set.status == TaskSetStatus::Draining ? 0 : set.desiredOf(service.desiredCount);
  aim.least = (aim.desired * service.rules.minimumHealthyPercent + 99) / 100;
  aim.most = aim.desired * service.rules.maximumPercent / 100;
  aim.keeps = {set.id};
  aim.startsTo = set.id;
  aim.setbacks = set.setbacks;
  aim.forced = set.status == TaskSetStatus::Draining;
  return aim;
}

void lookAt(Look& look, const TaskSet& known) {
  TaskSet set = known;
  std::vector<const ServiceTask*> tasks;
  for (const ServiceTask& task : look.view.tasks) {
    if (task.of == set.id && !task.lost) tasks.push_back(&task);
  }
  if (set.status == TaskSetStatus::Draining && tasks.empty()) {
    look.plan.setsGone.push_back(set.key());
    return;
  }
  forgive(look, set);
  const Balance balanced = balance(look, aimOf(look, set), tasks);
  if (balanced.kept) look.say(saysProtected(look.view.service, set.id));
  if (balanced.settled != set.steady) {
    set.steady = balanced.settled;
    set.steadyAt = look.now;
    if (set.steady) look.plan.said.push_back(saysSteady(look.view.service, set.id));
  }
  if (!(set == known)) look.plan.sets.push_back(std::move(set));
}

}  // namespace

void lookAtTaskSets(Look& look) {
  for (const TaskSet& set : look.view.sets) lookAt(look, set);
  // Of a set that was deleted with its tasks still on their way.
  Aim none;
  none.forced = true;
  std::vector<const ServiceTask*> strays;
  for (const ServiceTask& task : look.view.tasks) {
    const bool stray = std::ranges::find(look.view.sets, task.of, &TaskSet::id) == look.view.sets.end();
    if (stray && !task.lost) strays.push_back(&task);
  }
  if (!strays.empty()) balance(look, none, strays);
}

}  // namespace berth::controller
