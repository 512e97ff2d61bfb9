#include "tests/simulation/service_rules.hpp"

#include <algorithm>

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

/// Bounds that leave no room to replace a task in: its roll waits for other bounds, as on ECS.
bool allowsNoMove(const Service& service) {
  const int64_t desired = service.desiredCount;
  const bool most = desired * service.rules.maximumPercent / 100 <= desired;
  return most && (desired - 1) * 100 < desired * service.rules.minimumHealthyPercent;
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

void ServiceRules::check(const State& state, const controller::Mutations& mutations, WallTime now) {
  std::map<std::string, Step> steps;
  for (const controller::Mutation& mutation : mutations) {
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

void ServiceRules::checkLost(const State& state, MonoTime now) {
  const controller::LostHostOptions options;
  for (const auto& instance : state.instances()) {
    const std::string& id = instance->id;
    if (instance->connected) {
      seen_.insert(id);
      awaySince_[id] = now;
      continue;
    }
    const auto since = awaySince_.emplace(id, now).first->second;
    const Duration bound = seen_.contains(id) ? options.replaceAfter : options.returnAfter;
    if (now - since <= bound + kSlack) continue;
    for (const Task* task : state.tasksOn(id)) {
      if (wanted(*task) && !serviceOf(*task).empty())
        throw Violation("on a lost host still: task " + task->id);
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
    if (running == service.desiredCount && (settled || allowsNoMove(service))) continue;
    std::string events;
    for (const auto& event : service.events) events += "\n  " + event.message;
    throw Violation("service " + key + " has not come to rest: " + std::to_string(running) + " of " +
                    std::to_string(service.desiredCount) + " tasks, " +
                    std::to_string(service.deployments.size()) + " deployments" + events.substr(0, 2000));
  }
}

}  // namespace berth::simulation
