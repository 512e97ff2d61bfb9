// A service that Berth rolls: what becomes of its deployments, and of the records of them.
#include <algorithm>
#include <map>
#include <string_view>

#include "controller/services/failures.hpp"
#include "controller/services/look.hpp"
#include "controller/services/texts.hpp"

namespace berth::controller {
namespace {

int64_t wantedOf(const ServiceView& view) {
  return view.service.scheduling == SchedulingStrategy::Daemon ? std::ssize(view.hosts)
                                                               : view.service.desiredCount;
}

/// Those that only wait for their DRAINING host to be empty don't keep a deployment.
bool hasTasksOf(const ServiceView& view, const std::string& deployment) {
  return std::ranges::any_of(
      view.tasks, [&](const ServiceTask& task) { return task.of == deployment && !task.outstays; });
}

/// The record of the PRIMARY deployment, to be changed.
ServiceDeployment& recordOf(Look& look) {
  if (!look.plan.rollout) look.plan.rollout = look.view.rollout;
  look.plan.rollout->updatedAt = look.now;
  return *look.plan.rollout;
}

void finish(Look& look, ServiceDeploymentStatus status, const std::string& reason) {
  if (!look.view.rollout || look.view.rollout->finished()) return;
  ServiceDeployment& record = recordOf(look);
  record.status = status;
  record.statusReason = reason;
  record.requestedCount = wantedOf(look.view);
  record.finishedAt = look.now;
  if (status == ServiceDeploymentStatus::Stopped) record.stoppedAt = look.now;
  for (BreakerStatus* monitor : {&record.breaker, &record.alarms}) {
    if (*monitor == BreakerStatus::Monitoring) *monitor = BreakerStatus::MonitoringComplete;
  }
  if (!record.rollback) record.failures = look.plan.service.primary()->failedTasks;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

void fail(Look& look, const std::string& reason) {
  Deployment& primary = *look.plan.service.primary();
  primary.rollout = RolloutState::Failed;
  primary.rolloutReason = reason;
  primary.updatedAt = look.now;
}

/// Leaves the deployment for the one before it.
void turnBack(Look& look, const std::string& revision) {
  ServiceDeployment& record = recordOf(look);
  record.status = ServiceDeploymentStatus::RollbackInProgress;
  record.failures = look.plan.service.primary()->failedTasks;
  look.plan.rollBackTo = revision;
}

bool isRollback(const Look& look) {
  return look.view.rollout && look.view.rollout->status == ServiceDeploymentStatus::RollbackInProgress;
}

/// The deployment is given up. False: it is rolled back.
bool giveUp(Look& look, const std::string& reason, bool rollback) {
  fail(look, reason);
  if (!look.view.rollout) return true;
  if (isRollback(look)) {
    finish(look, ServiceDeploymentStatus::RollbackFailed, reason);
    return true;
  }
  if (!rollback || look.view.completed.empty()) {
    const Service& service = look.view.service;
    if (rollback) look.plan.said.push_back(saysNoWayBack(service, service.primary()->id));
    finish(look, ServiceDeploymentStatus::Stopped, reason);
    return true;
  }
  recordOf(look).rollback = ServiceDeployment::Rollback{reason, look.now, look.view.completed};
  recordOf(look).statusReason = reason;
  turnBack(look, look.view.completed);
  return false;
}

/// The circuit breaker gives the deployment up. False: it is rolled back.
bool trip(Look& look) {
  const Service& service = look.view.service;
  look.plan.said.push_back(saysFailed(service, service.primary()->id, "tasks failed to start"));
  if (look.view.rollout && !isRollback(look)) recordOf(look).breaker = BreakerStatus::Triggered;
  return giveUp(look, "ECS deployment circuit breaker: tasks failed to start.",
                service.rules.breaker.rollback);
}

/// The alarms that count for the rollout and are in ALARM. What rang before it began is not its fault, and a
/// rollback goes on whatever rings.
std::vector<std::string> alarmsOf(const Look& look) {
  const AlarmRules& rules = look.view.service.rules.alarms;
  if (!rules.enabled || !look.view.rollout || isRollback(look)) return {};
  std::vector<std::string> out = look.view.alarmed;
  std::erase_if(out, [&](const std::string& alarm) {
    return std::ranges::find(look.view.rollout->ringing, alarm) != look.view.rollout->ringing.end();
  });
  return out;
}

/// An alarm gives the deployment up. False: it is rolled back.
bool ring(Look& look, std::vector<std::string> alarms) {
  const Service& service = look.view.service;
  const std::string reason = "ECS deployment alarms: " + joined(alarms) + " detected.";
  look.plan.said.push_back(saysFailed(service, service.primary()->id, "alarm detected"));
  recordOf(look).alarms = BreakerStatus::Triggered;
  recordOf(look).triggered = std::move(alarms);
  return giveUp(look, reason, service.rules.alarms.rollback);
}

/// Whether a rollout whose tasks are all there may be called complete: its alarms have been watched for long
/// enough.
bool isBaked(Look& look) {
  const AlarmRules& rules = look.view.service.rules.alarms;
  if (!rules.enabled || !look.view.rollout || isRollback(look)) return true;
  if (!look.view.rollout->bakesSince) recordOf(look).bakesSince = look.now;
  return overOrAgain(look, look.view.rollout->bakesSince.value_or(look.now), bakeOf(rules, look.pace));
}

/// What a user asked of the rollout by StopServiceDeployment. False: it is rolled back.
bool obey(Look& look) {
  if (!look.view.rollout) return true;
  const ServiceDeployment& record = *look.view.rollout;
  const bool back = record.status == ServiceDeploymentStatus::RollbackRequested && record.rollback;
  if (record.status != ServiceDeploymentStatus::StopRequested && !back) return true;
  fail(look,
       "ECS deployment " + look.view.service.primary()->id + " was stopped by " + record.stopper() + ".");
  if (back)
    turnBack(look, record.rollback->revision);
  else
    finish(look, ServiceDeploymentStatus::Stopped, "The deployment was stopped by a user.");
  return !back;
}

/// Failures count no more once a task of the deployment has run for long enough after the last of them.
/// Health checks tell this at once, when they say so first.
void forgive(Look& look, Deployment& deployment) {
  if (deployment.failedTasks == 0 && deployment.setbacks.rounds == 0) return;
  for (const ServiceTask& task : look.view.tasks) {
    if (task.of != deployment.id || !task.running || task.checked) continue;
    if (!overOrAgain(look, task.startedAt, look.pace.shortRun)) continue;
    if (task.startedAt + look.pace.shortRun <= deployment.setbacks.lastAt) continue;
    if (look.view.service.rules.breaker.resetOnHealthyTask) deployment.failedTasks = 0;
    deployment.setbacks = {};
    return;
  }
}

/// Whether a task of the deployment has shown that its kind stays up.
bool isProven(Look& look, const Deployment& deployment) {
  if (deployment.rollout == RolloutState::Completed) return true;
  if (deployment.failedTasks > 0) return false;
  return std::ranges::any_of(look.view.tasks, [&](const ServiceTask& task) {
    return task.of == deployment.id && task.running && !task.checked &&
           over(task.startedAt, look.pace.healthyAfter, look.now);
  });
}

/// Writes down how many tasks each deployment has in view, and drops those that are drained.
void trim(Look& look) {
  auto& deployments = look.plan.service.deployments;
  const bool failed = deployments.front().rollout == RolloutState::Failed;
  // The one before a failed deployment goes on serving.
  const std::string serving = failed && deployments.size() > 1 ? deployments[1].id : "";
  std::erase_if(deployments, [&](const Deployment& one) {
    return !one.primary && one.id != serving && !hasTasksOf(look.view, one.id);
  });
  if (look.view.service.scheduling == SchedulingStrategy::Daemon) return;
  std::map<std::string_view, int64_t> stay;
  for (const ServiceTask& task : look.view.tasks) ++stay[task.of];
  for (const PlannedStop& stop : look.plan.stops) {
    --stay[std::ranges::lower_bound(look.view.tasks, std::string_view(stop.task), {}, &ServiceTask::id)->of];
  }
  for (Deployment& one : deployments) {
    int64_t desired = stay[one.id];
    if (one.primary) desired = look.view.service.desiredCount;
    if (one.desiredCount == desired) continue;
    one.desiredCount = desired;
    one.updatedAt = look.now;
  }
}

}  // namespace

std::chrono::milliseconds bakeOf(const AlarmRules& rules, const ServicePace& pace) {
  if (rules.bakeMinutes) return std::chrono::minutes(*rules.bakeMinutes);
  return std::chrono::ceil<std::chrono::milliseconds>(pace.bake);
}

bool judge(Look& look) {
  Deployment& primary = *look.plan.service.primary();
  if (!obey(look)) return false;
  if (look.view.rollout && look.view.rollout->status == ServiceDeploymentStatus::Pending) {
    recordOf(look).status = ServiceDeploymentStatus::InProgress;
    recordOf(look).startedAt = look.now;
  }
  const CircuitBreaker& breaker = look.view.service.rules.breaker;
  if (primary.rollout == RolloutState::InProgress && breaker.enabled && primary.failedTasks > 0 &&
      primary.failedTasks >= breaker.thresholdFor(wantedOf(look.view))) {
    return trip(look);
  }
  if (primary.rollout == RolloutState::InProgress) {
    if (auto alarms = alarmsOf(look); !alarms.empty()) return ring(look, std::move(alarms));
  }
  for (Deployment& one : look.plan.service.deployments) forgive(look, one);
  return true;
}

Aim aimOf(Look& look) {
  const auto& deployments = look.plan.service.deployments;
  const DeploymentRules& rules = look.view.service.rules;
  Aim aim;
  aim.desired = wantedOf(look.view);
  aim.least = (aim.desired * rules.minimumHealthyPercent + 99) / 100;
  aim.most = aim.desired * rules.maximumPercent / 100;
  const Deployment* starts = &deployments.front();
  if (starts->rollout == RolloutState::Failed) {
    const Deployment* failed = starts;
    starts = deployments.size() > 1 ? &deployments[1] : nullptr;
    if (starts) aim.keeps.push_back(starts->id);
    aim.keeps.push_back(failed->id);
  } else {
    aim.keeps.push_back(starts->id);
  }
  if (!starts) return aim;
  aim.startsTo = starts->id;
  aim.setbacks = starts->setbacks;
  aim.proven = isProven(look, *starts);
  if (deployments.size() == 1 && starts->rollout == RolloutState::Completed) aim.zones = look.view.zones;
  return aim;
}

void settle(Look& look, const Balance& balance) {
  trim(look);
  Service& service = look.plan.service;
  Deployment& primary = service.deployments.front();
  if (balance.blocked) look.say(saysBlocked(service));
  if (balance.kept) look.say(saysProtected(service, primary.id));
  if (balance.uneven && !isEvening(service)) look.plan.said.push_back(saysUneven(service, look.view));
  if (!balance.settled || primary.rollout == RolloutState::Failed || service.deployments.size() > 1) return;
  if (primary.rollout == RolloutState::InProgress) {
    if (!isBaked(look)) return;
    primary.rollout = RolloutState::Completed;
    primary.rolloutReason = "ECS deployment " + primary.id + " completed.";
    primary.updatedAt = look.now;
    finish(
        look,
        isRollback(look) ? ServiceDeploymentStatus::RollbackSuccessful : ServiceDeploymentStatus::Successful,
        "");
    look.plan.said.push_back(saysCompleted(service, primary.id));
  } else if (!service.events.empty() && isSteady(service.events.front())) {
    return;
  } else if (!look.view.zones.empty() && isEvening(service)) {
    look.plan.said.push_back(saysEven(service, look.view));
  }
  look.plan.said.push_back(saysSteady(service));
}

}  // namespace berth::controller
