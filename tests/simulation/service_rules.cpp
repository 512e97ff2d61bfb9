#include "tests/simulation/service_rules.hpp"

#include <algorithm>

#include "tests/simulation/placements.hpp"
#include "tests/simulation/world.hpp"

namespace berth::simulation {
namespace {

using controller::Service;
using controller::State;
using controller::Task;
using controller::TaskStatus;

constexpr Duration kSlack = std::chrono::seconds(5);

bool wanted(const Task& task) { return !task.stopWanted && task.lastStatus != TaskStatus::Stopped; }

/// Whether a task has run for long enough where there are no health checks. A clock that was set back may say
/// otherwise later.
bool ripe(const Task& task, WallTime now) {
  return task.startedAt && now >= *task.startedAt &&
         now - *task.startedAt >= controller::ServicePace{}.healthyAfter;
}

bool beyondDoubt(const Task& task, WallTime now) {
  return task.lastStatus == TaskStatus::Running && ripe(task, now);
}

/// Whether there may be a task more than are wanted. Zones are evened out by one.
bool allowsMore(const Service& service) {
  return service.desiredCount * service.rules.maximumPercent / 100 > service.desiredCount;
}

/// Bounds that leave no room to replace a task in: its roll waits for other bounds, as on ECS.
bool allowsNoMove(const Service& service) {
  const int64_t desired = service.desiredCount;
  return !allowsMore(service) && (desired - 1) * 100 < desired * service.rules.minimumHealthyPercent;
}

bool isDaemon(const Service& service) { return service.scheduling == controller::SchedulingStrategy::Daemon; }

/// Throws Violation when a host has two tasks of a DAEMON that are to run.
void checkDaemon(const State& state, const std::string& key) {
  std::set<std::string> hosts;
  for (const Task* task : state.tasksOf(key)) {
    if (wanted(*task) && !hosts.insert(task->instance).second)
      throw Violation("two tasks of the DAEMON " + key + " on instance " + task->instance);
  }
}

/// Throws Violation when a host lacks its task of a DAEMON, though it has room for it.
void checkEachHost(const State& state, const std::string& key) {
  const auto& tasks = state.tasksOf(key);
  for (const auto& instance : state.instances()) {
    const bool has = std::ranges::any_of(tasks, [&](const Task* task) {
      return wanted(*task) && task->lastStatus == TaskStatus::Running && task->instance == instance->id;
    });
    if (!has && !tasks.empty() && hasRoom(state, *instance, (*tasks.begin())->spec->resources))
      throw Violation("instance " + instance->id + " has no task of the DAEMON " + key);
  }
}

/// Throws Violation when a zone has two tasks more than one that has room for another.
void checkZones(const State& state, const std::string& key) {
  std::map<std::string, int> tasks;
  std::map<std::string, bool> room;
  const auto& all = state.tasksOf(key);
  if (all.empty()) return;
  for (const auto& instance : state.instances()) {
    const std::string zone = attributeOf(*instance, "ecs.availability-zone");
    for (const Task* task : all) tasks[zone] += wanted(*task) && task->instance == instance->id;
    room[zone] |= hasRoom(state, *instance, (*all.begin())->spec->resources);
  }
  for (const auto& [fuller, many] : tasks) {
    for (const auto& [emptier, few] : tasks) {
      if (many > few + 1 && room[emptier])
        throw Violation("service " + key + " has " + std::to_string(many) + " tasks in " + fuller + " and " +
                        std::to_string(few) + " in " + emptier + ", which has room");
    }
  }
}

std::string serviceOf(const Task& task) {
  const auto name = controller::serviceOfGroup(task.spec->group);
  return name ? Service::keyOf(task.spec->cluster, *name) : "";
}

}  // namespace

void ServiceRules::start(const State& state, MonoTime now) {
  known_.clear();
  awaySince_.clear();
  seen_.clear();
  for (const auto& [key, service] : state.services()) {
    for (const Task* task : state.tasksOf(key)) known_[task->id] = {task->stopWanted, false};
  }
  for (const auto& instance : state.instances()) awaySince_[instance->id] = now;
}

void ServiceRules::check(const State& state, const controller::Mutations& mutations, Now at) {
  const WallTime now = at.wall;
  std::map<std::string, Step> steps;
  for (const controller::Mutation& mutation : mutations) {
    // Each session that is opened changes its instance, and may be over before all is looked at.
    const auto* instance = mutation.as<controller::Instance>();
    if (instance && state.instance(instance->id)->connected) noteThere(instance->id, at.mono);
    const auto* record = mutation.as<controller::ServiceDeployment>();
    if (record && record->alarms == controller::BreakerStatus::Triggered) alarmed_.insert(record->id);
    const auto* task = mutation.as<Task>();
    if (!task || serviceOf(*task).empty()) continue;
    const auto known = known_.find(task->id);
    Step& step = steps[serviceOf(*task)];
    step.started |= known == known_.end();
    const bool ended = known != known_.end() && !known->second.stopWanted && task->stopWanted;
    const bool lost = task->stoppedReason.ends_with("was lost");
    if (ended && lost) ++replaced_;
    const bool healthy = ended && known->second.healthy && ripe(*task, now);
    if (healthy && !lost && task->stopCode == "ServiceSchedulerInitiated") {
      step.stoppedHealthy = true;
      ++rolled_;
    }
    known_[task->id] = {task->stopWanted, wanted(*task) && beyondDoubt(*task, now)};
  }
  for (const auto& [key, step] : steps) {
    const Service* service = state.service(key);
    if (!service || service->status != controller::ServiceStatus::Active) continue;
    if (isDaemon(*service)) {
      checkDaemon(state, key);
      continue;
    }
    int64_t there = 0;
    int64_t running = 0;
    for (const Task* task : state.tasksOf(key)) {
      there += wanted(*task);
      running += wanted(*task) && task->lastStatus == TaskStatus::Running;
      known_[task->id] = {task->stopWanted, wanted(*task) && beyondDoubt(*task, now)};
    }
    const int64_t desired = service->desiredCount;
    const std::string of = " of " + std::to_string(desired) + " tasks of service " + key;
    if (step.started && there * 100 > desired * service->rules.maximumPercent) {
      throw Violation("above its maximum: " + std::to_string(there) + of);
    }
    if (step.stoppedHealthy && running * 100 < desired * service->rules.minimumHealthyPercent) {
      throw Violation("below its minimum: " + std::to_string(running) + of);
    }
  }
}

void ServiceRules::noteThere(const std::string& instance, MonoTime now) {
  seen_.insert(instance);
  awaySince_[instance] = now;
}

void ServiceRules::checkLost(const State& state, MonoTime now) {
  const controller::LostHostOptions options;
  for (const auto& instance : state.instances()) {
    const std::string& id = instance->id;
    if (instance->connected) {
      noteThere(id, now);
      continue;
    }
    const auto since = awaySince_.emplace(id, now).first->second;
    const Duration bound = seen_.contains(id) ? options.replaceAfter : options.returnAfter;
    if (now - since <= bound + kSlack) continue;
    for (const Task* task : state.tasksOn(id)) {
      if (wanted(*task) && !serviceOf(*task).empty())
        throw Violation("on a lost host still: task " + task->id + " of " + task->spec->group);
    }
  }
}

void ServiceRules::checkEnd(const State& state) const {
  for (const auto& [key, service] : state.services()) {
    const auto& tasks = state.tasksOf(key);
    const auto running = std::ranges::count_if(
        tasks, [](const Task* task) { return wanted(*task) && task->lastStatus == TaskStatus::Running; });
    const bool settled = service.deployments.size() == 1 &&
                         service.deployments[0].rollout == controller::RolloutState::Completed;
    if (isDaemon(service) && settled) {
      checkEachHost(state, key);
      continue;
    }
    if (running == service.desiredCount && (settled || allowsNoMove(service))) {
      if (allowsMore(service)) checkZones(state, key);
      continue;
    }
    std::string events;
    for (const auto& event : service.events) events += "\n  " + event.message;
    throw Violation("service " + key + " has not come to rest: " + std::to_string(running) + " of " +
                    std::to_string(service.desiredCount) + " tasks, " +
                    std::to_string(service.deployments.size()) + " deployments" + events.substr(0, 2000));
  }
}

}  // namespace berth::simulation
