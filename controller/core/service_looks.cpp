// A look at one service, and what follows from it.
#include <algorithm>

#include "controller/api/services/deploy.hpp"
#include "controller/api/services/find.hpp"
#include "controller/api/services/render.hpp"
#include "controller/api/services/run_tasks.hpp"
#include "controller/api/services/settings.hpp"
#include "controller/api/stopping.hpp"
#include "controller/core/service_keeper.hpp"
#include "controller/services/failures.hpp"
#include "controller/services/texts.hpp"

namespace berth::controller {
namespace {

/// What keeps a launch from being made out at all may be mended without the service being told.
constexpr Duration kRefusedAgain = std::chrono::minutes(1);
const Json kNoInput = Json::object();

bool countsAsRunning(const Task& task) { return !task.stopWanted && task.lastStatus < TaskStatus::Stopping; }

/// Whether the user of a service leaves it to Berth to keep its tasks even over the zones: the condition on
/// strategies is that of Amazon ECS (Developer Guide, "Balancing an Amazon ECS service across Availability
/// Zones").
bool evensZones(const Service& service) {
  if (service.status != ServiceStatus::Active || service.scheduling != SchedulingStrategy::Replica ||
      service.controller != DeploymentController::Ecs) {
    return false;
  }
  const Json document = parsed(service.document, Json::object());
  if (text(document, "availabilityZoneRebalancing", "ENABLED") != "ENABLED") return false;
  const Json strategies = document.value("placementStrategy", Json::array());
  return strategies.empty() ||
         (text(strategies[0], "type") == "spread" && text(strategies[0], "field").ends_with(kZoneAttribute));
}

/// The scheduler, where a call would have somebody who makes it.
const Caller& nobody() {
  static const Caller caller{};
  return caller;
}

}  // namespace

bool ServiceKeeper::servesOthers(const std::string& instance) const {
  return std::ranges::any_of(state_.tasksOn(instance), [&](const Task* task) {
    if (task->lastStatus == TaskStatus::Stopped) return false;
    const auto name = serviceOfGroup(task->spec->group);
    const Service* service = name ? state_.service(Service::keyOf(task->spec->cluster, *name)) : nullptr;
    return !service || service->scheduling != SchedulingStrategy::Daemon;
  });
}

/// Refers to texts of the task.
ServiceTask ServiceKeeper::asSeen(const Task& task) {
  ServiceTask out;
  out.id = task.id;
  out.of = task.startedBy;
  out.instance = task.instance;
  out.waiting = task.waits();
  out.running = task.lastStatus == TaskStatus::Running;
  out.checked = checksHealth(*task.spec);
  if (out.checked) out.health = healthOf(task);
  out.lost = lost_.isLost(task.instance);
  out.createdAt = task.createdAt;
  out.startedAt = task.startedAt.value_or(WallTime{});
  if (const TaskProtection* protection = state_.protection(task.id))
    out.protectedUntil = protection->expiresAt;
  const Instance* instance = state_.instance(task.instance);
  if (!instance) return out;
  out.leaving = instance->status == "DRAINING";
  const Attribute* zone = instance->attribute(kZoneAttribute);
  if (zone && zone->value) out.zone = *zone_names_.insert(*zone->value).first;
  return out;
}

void ServiceKeeper::see(Seen& seen, const std::string& task) {
  const auto place = std::ranges::lower_bound(seen.tasks, std::string_view(task), {}, &ServiceTask::id);
  const auto holding = seen.holding.begin() + (place - seen.tasks.begin());
  const bool known = place != seen.tasks.end() && place->id == task;
  const auto found = state_.tasks().find(std::string_view(task));
  if (found == state_.tasks().end() || !countsAsRunning(**found)) {
    if (!known) return;
    seen.tasks.erase(place);
    seen.holding.erase(holding);
  } else if (known) {
    *place = asSeen(**found);
    *holding = *found;
  } else {
    seen.tasks.insert(place, asSeen(**found));
    seen.holding.insert(holding, *found);
  }
}

ServiceKeeper::Seen& ServiceKeeper::lookUp(const std::string& service) {
  const auto [known, first] = seen_.try_emplace(service);
  Seen& seen = known->second;
  if (first) {
    for (const Task* task : state_.tasksOf(service)) {
      if (countsAsRunning(*task)) seen.changed.insert(task->id);
    }
  }
  for (const std::string& task : seen.changed) see(seen, task);
  seen.changed.clear();
  return seen;
}

ServiceView ServiceKeeper::viewOf(const Service& service, std::vector<ServiceTask> tasks) const {
  const std::string key = service.key();
  ServiceView out;
  out.service = service;
  out.tasks = std::move(tasks);
  if (service.controller == DeploymentController::External) {
    for (const TaskSet* set : taskSetsInOrder(state_, service)) out.sets.push_back(*set);
  }
  if (const Deployment* primary = service.primary()) {
    const auto* record = state_.serviceDeployment(key + "/" + primary->serviceDeployment);
    if (record) out.rollout = *record;
    for (const std::string& alarm : service.rules.alarms.names) {
      const Alarm* known = state_.alarm(alarm);
      if (known && known->state == AlarmState::Alarm) out.alarmed.push_back(alarm);
    }
    // Only what is under way can be rolled back, and the history may be long.
    const bool goes_on = primary->rollout == RolloutState::InProgress;
    const ServiceDeployment* completed = goes_on ? state_.lastSuccessful(key) : nullptr;
    if (completed && canRun(state_, *completed)) out.completed = completed->target;
  }
  if (service.scheduling == SchedulingStrategy::Daemon) {
    for (std::string& host : daemonHosts(state_, service)) {
      const bool has = std::ranges::any_of(
          out.tasks, [&](const ServiceTask& task) { return task.instance == host && !task.lost; });
      if (has || state_.instance(host)->connected) out.hosts.push_back(std::move(host));
    }
    for (ServiceTask& task : out.tasks)
      task.outstays = task.leaving && servesOthers(std::string(task.instance));
  } else if (auto zones = zonesOf(service.cluster); zones.size() > 1 && evensZones(service)) {
    out.zones = std::move(zones);
  }
  const auto starved = starved_.find(service.cluster);
  if (starved != starved_.end() && starved->second.contains(key)) {
    out.crowded = !starved->second.at(key).nothingMissing;
  }
  out.crowded |= std::ranges::any_of(out.tasks, &ServiceTask::waiting);
  return out;
}

ServiceFacts ServiceKeeper::factsOf(const Service& service, WallTime now) const {
  ServiceFacts out;
  const std::string key = service.key();
  const auto starved = starved_.find(service.cluster);
  if (starved != starved_.end() && starved->second.contains(key))
    out.lacksRoom = !starved->second.at(key).nothingMissing;
  const auto retries = [&](const Setbacks& setbacks) {
    const auto when = retryAt(setbacks, options_.pace, now);
    if (!when || out.retryAt) return;
    out.failures = setbacks.rounds;
    out.failedAt = setbacks.lastAt;
    out.retryAt = when;
  };
  for (const Deployment& one : service.deployments) retries(one.setbacks);
  for (const TaskSet* set : taskSetsInOrder(state_, service)) retries(set->setbacks);
  const Deployment* primary = service.primary();
  const auto* record = primary ? state_.serviceDeployment(key + "/" + primary->serviceDeployment) : nullptr;
  if (record && record->bakesSince && !record->finished()) {
    out.bakesSince = record->bakesSince;
    out.bakesUntil = *record->bakesSince + bakeOf(service.rules.alarms, options_.pace);
  }
  return out;
}

void ServiceKeeper::lookAt(const std::string& key, Doing& doing) {
  setLook(key, std::nullopt);
  const Service* service = state_.service(key);
  if (!service || service->status == ServiceStatus::Inactive) {
    forgetStarved(key);
    seen_.erase(key);
    rests_.erase(key);
    return;
  }
  Seen& seen = lookUp(key);
  ServiceView view = viewOf(*service, std::move(seen.tasks));
  ServicePlan plan = reconcile(view, options_.pace, doing.now.wall);
  seen.tasks = std::move(view.tasks);
  // A plan that is as long as plans may be has more behind it.
  if (std::ssize(plan.stops) < options_.pace.mostStops) rest(key, seen.tasks.size(), doing.now.mono);
  if (plan.lookAgain) {
    const Duration wait = std::max<Duration>(*plan.lookAgain - doing.now.wall, Duration::zero());
    setLook(key, doing.now.mono + wait);
  }
  perform(view.service, std::move(plan), doing);
}

void ServiceKeeper::perform(const Service& before, ServicePlan plan, Doing& doing) {
  const WallTime now = doing.now.wall;
  std::vector<std::string> said;
  if (plan.starts.empty()) forgetStarved(before.key());
  std::vector<std::string> started;
  for (PlannedStart& one : plan.starts) {
    for (std::string& id : start(before, std::move(one), doing, said)) started.push_back(std::move(id));
  }
  if (!started.empty()) said.insert(said.begin(), saysStarted(before, started));
  Transaction tx(state_);
  stop(before, plan.stops, tx, now, said);
  std::ranges::move(plan.said, std::back_inserter(said));
  if (plan.rollBackTo) {
    const ServiceRevision* revision = state_.serviceRevision(before.key() + "/" + *plan.rollBackTo);
    if (revision && plan.rollout) {
      Context context{tx, doing.scheduler, names_, random_, doing.now, nobody(), kNoInput};
      rollBack(context, plan.service, *revision, *plan.rollout);
      said.push_back(saysRollingBack(before, plan.service.primary()->id));
    }
  }
  say(plan.service, std::move(said), now);
  if (!(plan.service == before)) tx.put(std::move(plan.service));
  if (plan.rollout) tx.put(std::move(*plan.rollout));
  for (TaskSet& set : plan.sets) tx.put(std::move(set));
  for (std::string& key : plan.setsGone) tx.erase(Kind::TaskSet, std::move(key));
  if (!tx.empty()) doing.commit(tx);
}

void ServiceKeeper::stop(const Service& service, const std::vector<PlannedStop>& stops, Transaction& tx,
                         WallTime now, std::vector<std::string>& said) {
  std::map<std::string, std::vector<std::string>> stopped;  // by zone, where that is why
  size_t pending = 0;
  for (const PlannedStop& stop : stops) {
    Task task = *state_.task(stop.task);
    wantStopped(task, "ServiceSchedulerInitiated", stop.reason, now);
    tx.put(std::move(task));
    if (stop.running) stopped[stop.zone].push_back(stop.task);
    pending += !stop.running;
  }
  for (const auto& [zone, tasks] : stopped) {
    said.push_back(zone.empty() ? saysStopped(service, tasks) : saysStoppedIn(service, zone, tasks));
  }
  if (pending > 0) said.push_back(saysStoppedPending(service, pending));
}

ServiceStart ServiceKeeper::whatToStart(const Service& service, const PlannedStart& planned) const {
  ServiceStart out{service, planned.of, {}, {}, planned.count, planned.hosts, planned.zones};
  const auto deployment = std::ranges::find(service.deployments, planned.of, &Deployment::id);
  if (deployment != service.deployments.end()) {
    out.taskDefinition = deployment->taskDefinition;
    out.launch = launchOf(state_, service, *deployment);
  } else if (const TaskSet* set = state_.taskSet(service.key() + "/" + planned.of)) {
    out.taskDefinition = set->taskDefinition;
    out.launch = launchMembers(set->launchType, parsed(set->document, Json::object()));
  }
  return out;
}

std::vector<std::string> ServiceKeeper::start(const Service& service, PlannedStart planned, Doing& doing,
                                              std::vector<std::string>& said) {
  if (planned.count > doing.starts) rests_.erase(service.key());
  planned.count = std::min(planned.count, doing.starts);
  if (std::ssize(planned.hosts) > planned.count) planned.hosts.resize(planned.count);
  if (planned.count <= 0) {
    mark(service.key());
    return {};
  }
  Transaction tx(state_);
  Context context{tx, doing.scheduler, names_, random_, doing.now, nobody(), kNoInput};
  context.recipes = &doing.recipes;
  context.providerWait = options_.providerWait;
  ServiceStarted started = startTasks(context, whatToStart(service, planned));
  doing.starts -= std::ssize(started.tasks);
  if (!tx.empty()) doing.commit(tx);
  std::string message;
  if (!started.refused.empty()) {
    message = saysNotPlaced(service, started.refused);
    setLook(service.key(), doing.now.mono + kRefusedAgain);
  }
  if (!started.why.empty()) message = saysNoRoom(service, started.why);
  const bool evens = !planned.zones.empty();
  if (evens && !started.unplaced.empty()) message = saysNoRoomIn(service, planned.zones.front());
  if (!message.empty() && !wasSaid(service, message, doing.now.wall)) said.push_back(std::move(message));
  if (started.unplaced.empty()) {
    forgetStarved(service.key());
  } else {
    if (starved_.empty()) position_ = state_.fleet().position();
    starved_[service.cluster][service.key()] = {
        std::move(started.unplaced), {started.hosts.begin(), started.hosts.end()}, evens};
  }
  if (evens && !started.tasks.empty()) {
    said.push_back(saysStartedIn(service, started.zone, started.tasks.front()));
    return {};
  }
  return std::move(started.tasks);
}

void ServiceKeeper::say(Service& service, std::vector<std::string> messages, WallTime now) {
  for (std::string& message : messages) service.addEvent({randomUuid(random_), now, std::move(message)});
}

}  // namespace berth::controller
