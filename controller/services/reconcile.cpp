#include "controller/services/reconcile.hpp"

#include "controller/services/look.hpp"
#include "controller/services/texts.hpp"

namespace berth::controller {
namespace {

/// Ends the tasks of instances that are lost, and answers the others.
std::vector<const ServiceTask*> endLost(Look& look) {
  std::vector<const ServiceTask*> out;
  for (const ServiceTask& task : look.view.tasks) {
    if (task.lost) {
      look.plan.stops.push_back(
          {std::string(task.id),
           task.running,
           "The container instance (instance " + std::string(task.instance) + ") was lost",
           {}});
    } else {
      out.push_back(&task);
    }
  }
  return out;
}

/// A deleted service: all of its tasks go, and then it is INACTIVE.
void close(Look& look, const std::vector<const ServiceTask*>& tasks) {
  Service& service = look.plan.service;
  if (!look.view.tasks.empty()) {
    Aim none;
    none.forced = true;
    balance(look, none, tasks);
    return;
  }
  service.status = ServiceStatus::Inactive;
  service.deployments.clear();
  service.deletedAt = look.now;
  for (const TaskSet& set : look.view.sets) look.plan.setsGone.push_back(set.key());
}

void roll(Look& look, std::vector<const ServiceTask*> tasks) {
  if (!judge(look)) return;
  const Aim aim = aimOf(look);
  const bool daemon = look.view.service.scheduling == SchedulingStrategy::Daemon;
  // They are one too many where they are, and nothing can be done about it yet.
  std::erase_if(tasks, [](const ServiceTask* task) { return task->outstays; });
  settle(look, daemon ? balanceDaemon(look, aim, tasks) : balance(look, aim, tasks));
}

}  // namespace

void Look::say(std::string message) {
  if (!wasSaid(view.service, message, now)) plan.said.push_back(std::move(message));
}

bool over(WallTime since, Duration length, WallTime now) { return now < since || now - since >= length; }

bool overOrAgain(Look& look, WallTime since, Duration length) {
  if (over(since, length, look.now)) return true;
  look.again(since + std::chrono::ceil<WallTime::duration>(length));
  return false;
}

ServicePlan reconcile(const ServiceView& view, const ServicePace& pace, WallTime now) {
  Look look{view, pace, now, {}};
  look.plan.service = view.service;
  if (view.service.status == ServiceStatus::Inactive) return std::move(look.plan);
  const auto tasks = endLost(look);
  if (view.service.status == ServiceStatus::Draining) {
    close(look, tasks);
  } else if (view.service.controller == DeploymentController::External) {
    lookAtTaskSets(look);
  } else if (view.service.primary()) {
    roll(look, tasks);
  }
  return std::move(look.plan);
}

}  // namespace berth::controller
