#include "controller/api/services/render.hpp"
#include "controller/explain/why.hpp"
#include "controller/services/texts.hpp"

namespace berth::controller {
namespace {

constexpr size_t kEventsTold = 10;

/// The tasks of a service that are not STOPPED, by how they are.
struct Counted {
  int64_t waiting = 0;   ///< for a place
  int64_t pending = 0;   ///< on their way to RUNNING
  int64_t unproven = 0;  ///< RUNNING, and their health checks have not said HEALTHY
  int64_t running = 0;   ///< those included
  int64_t stopping = 0;
  int64_t former = 0;  ///< to run, of deployments that are being replaced
  Moment waitingSince;
  Moment pendingSince;
  Moment unprovenSince;
  Moment stoppingSince;
};

void earlier(Moment& known, Moment other) {
  if (other && (!known || *other < *known)) known = other;
}

void count(Counted& counted, const Task& task) {
  if (task.stopWanted) {
    ++counted.stopping;
    return earlier(counted.stoppingSince, task.stoppingAt);
  }
  switch (task.lastStatus) {
    case TaskStatus::Provisioning:
      ++counted.waiting;
      return earlier(counted.waitingSince, task.createdAt);
    case TaskStatus::Pending:
      ++counted.pending;
      return earlier(counted.pendingSince, task.createdAt);
    case TaskStatus::Running:
      ++counted.running;
      if (!checksHealth(*task.spec) || healthOf(task) == Health::Healthy) return;
      ++counted.unproven;
      return earlier(counted.unprovenSince, task.startedAt);
    case TaskStatus::Stopping:
    case TaskStatus::Stopped:
      return;
  }
}

Counted counted(const State& state, const Service& service) {
  Counted out;
  const Deployment* primary = service.primary();
  for (const Task* task : state.tasksOf(service.key())) {
    if (task->lastStatus == TaskStatus::Stopped) continue;
    count(out, *task);
    out.former += primary && !task->stopWanted && task->startedBy != primary->id;
  }
  return out;
}

std::string tasksOf(int64_t count) { return std::to_string(count) + (count == 1 ? " task" : " tasks"); }

struct Awaited {
  std::string what;
  Moment since;
  Moment until;
};

/// What a service waits for whose PRIMARY deployment is under way or is short of tasks.
std::optional<Awaited> awaitedBy(const Service& service, const Counted& tasks, const ServiceFacts& facts,
                                 WallTime now) {
  const Deployment* primary = service.primary();
  if (service.status == ServiceStatus::Draining) {
    return Awaited{
        tasksOf(tasks.running + tasks.pending + tasks.stopping) + " to end", tasks.stoppingSince, {}};
  }
  if (tasks.waiting > 0) return Awaited{"a place for " + tasksOf(tasks.waiting), tasks.waitingSince, {}};
  if (facts.lacksRoom) return Awaited{"an instance that has room for more of its tasks", {}, {}};
  if (facts.retryAt && *facts.retryAt > now) {
    return Awaited{"the next try, after " + std::to_string(facts.failures) + " rounds of failures in a row",
                   facts.failedAt, facts.retryAt};
  }
  if (tasks.pending > 0) return Awaited{tasksOf(tasks.pending) + " to run", tasks.pendingSince, {}};
  if (tasks.unproven > 0) return Awaited{tasksOf(tasks.unproven) + " to be healthy", tasks.unprovenSince, {}};
  if (!primary || primary->rollout != RolloutState::InProgress) return std::nullopt;
  if (tasks.former > 0) {
    return Awaited{
        tasksOf(tasks.former) + " of the deployment before to be replaced", primary->createdAt, {}};
  }
  if (facts.bakesSince) return Awaited{"its alarms to stay quiet", *facts.bakesSince, facts.bakesUntil};
  return Awaited{"its tasks to have run for long enough", primary->createdAt, {}};
}

/// What the service has said since it was last steady, the first first.
Json eventsSince(const Service& service) {
  std::vector<const ServiceEvent*> said;
  for (const ServiceEvent& event : service.events) {
    if (isSteady(event) || said.size() == kEventsTold) break;
    said.push_back(&event);
  }
  Json out = Json::array();
  for (auto one = said.rbegin(); one != said.rend(); ++one) {
    out.push_back(
        {{"cause", "ServiceEvent"}, {"at", toRfc3339((*one)->createdAt)}, {"message", (*one)->message}});
  }
  return out;
}

Moment changedAt(const Service& service) {
  if (service.status == ServiceStatus::Inactive) return service.deletedAt;
  const Deployment* primary = service.primary();
  return primary ? primary->updatedAt : service.createdAt;
}

}  // namespace

Json whyService(const State& state, const ecs::Names& names, const Service& service,
                const ServiceFacts& facts, WallTime now) {
  const Counted tasks = counted(state, service);
  Json out{{"what", {{"service", arnOf(names, service)}, {"cluster", names.cluster(service.cluster).str()}}},
           {"state", name(service.status)},
           {"since", nullptr},
           {"waitsFor", nullptr},
           {"causes", Json::array()},
           {"tasks",
            {{"PROVISIONING", tasks.waiting},
             {"PENDING", tasks.pending},
             {"RUNNING", tasks.running},
             {"STOPPING", tasks.stopping}}}};
  if (const Deployment* primary = service.primary()) {
    out["rollout"] = {{"state", name(primary->rollout)},
                      {"reason", primary->rolloutReason},
                      {"taskDefinition", names.taskDefinition(primary->taskDefinition).str()}};
  }
  Moment since = changedAt(service);
  if (service.status != ServiceStatus::Inactive) {
    if (const auto awaited = awaitedBy(service, tasks, facts, now)) {
      out["waitsFor"] = awaited->what;
      if (awaited->since) since = awaited->since;
      if (awaited->until) out["until"] = toRfc3339(*awaited->until);
      out["causes"] = eventsSince(service);
    }
  }
  if (since) out["since"] = toRfc3339(*since);
  return out;
}

}  // namespace berth::controller
