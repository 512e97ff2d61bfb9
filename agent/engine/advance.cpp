// Taking the steps that are due.
#include <algorithm>

#include "agent/engine/engine.hpp"
#include "agent/model/order.hpp"
#include "agent/model/provisions.hpp"

namespace berth::agent {
namespace {

/// What amazon-ecs-agent gives a container that never ran because of another.
constexpr int kDependencyFailed = 143;

/// A start was asked for that the runtime, which may have crashed meanwhile, does not know of.
bool mayHaveBegun(const Container& container) {
  if (!container.startIntended || container.runtimeId.empty()) return false;
  return !container.restarting || container.unansweredStarts > 0 || container.failedRestarts > 0;
}

/// From when the controller has heard of its end, or from the agent's own start, however long ago that end
/// was: a payload that was sent before may arrive until then, and what an earlier process asked for be
/// carried out.
constexpr Duration kLeastKept = std::chrono::minutes(1);

std::string wantedBy(const Task& task, const Container& container) {
  return task.arn + " " + container.spec.name;
}

}  // namespace

void Engine::advance(Task& task, Now now, Output& out) {
  if (!restored_) return;
  if (task.admitted) setUp(task, now, out);
  // A container that ends can decide what happens to those before it, so go round until nothing moves.
  for (bool moved = true; moved;) {
    moved = false;
    setStopBounds(task, now);
    for (Container& container : task.containers) {
      const Action action = nextAction(task, container, now.mono, options_.rules).action;
      if (action == Action::Wait || action == Action::Done) continue;
      perform(task, container, action, now, out);
      moved = true;
    }
  }
  if (statusOf(task) == TaskStatus::Stopped) {
    release(task);
    leaveNetwork(task, out);
  }
  report(task, now, out);
  cleanUp(task, now, out);
}

void Engine::advanceAll(Now now, Output& out) {
  // cleanUp() may erase a task, so step before acting.
  for (auto it = tasks_.begin(); it != tasks_.end();) {
    Task& task = it->second;
    ++it;
    advance(task, now, out);
  }
}

Duration Engine::stopTimeoutOf(const Container& container) const {
  // 0 is "not given" on the wire, too (amazon-ecs-agent, agent/engine).
  const int64_t given = container.spec.stopTimeout.value_or(0);
  return given == 0 ? options_.stopTimeout : std::chrono::seconds(given);
}

std::optional<MonoTime> Engine::stepBound(const Container& container, MonoTime now) const {
  const StepLimits& limits = options_.rules.limits;
  switch (container.inFlight) {
    case Step::Create:
      return now + limits.create;
    case Step::Start:
      return now + limits.start;
    case Step::Stop:
      return now + stopTimeoutOf(container) + limits.stop;
    case Step::Inspect:
      return now + limits.inspect;
    default:
      return std::nullopt;
  }
}

void Engine::setStopBounds(Task& task, Now now) {
  if (!mustStop(task)) return;
  for (Container& container : task.containers) {
    if (container.stopBy || !mayRun(container) || stopsBefore(task, container)) continue;
    container.stopBy = now.mono + stopTimeoutOf(container) + options_.stopGrace;
  }
}

void Engine::perform(Task& task, Container& container, Action action, Now now, Output& out) {
  container.retryAt.reset();
  container.waiting.clear();
  container.stepSince = now.wall;
  touched_.insert(task.arn);
  begin(task, container, action, now, out);
  container.stepBy = stepBound(container, now.mono);
}

void Engine::begin(Task& task, Container& container, Action action, Now now, Output& out) {
  switch (action) {
    case Action::Pull:
      return pull(task, container, now, out);
    case Action::Create:
      return create(task, container, now, out);
    case Action::Start:
      container.inFlight = Step::Start;
      container.startIntended = true;
      container.startAskedAt = now.mono;
      save(task);
      out.effects.push_back(StartEffect{{task.arn, container.spec.name}, container.runtimeId});
      return;
    case Action::Stop:
      return stop(task, container, out);
    case Action::Inspect:
      container.inFlight = Step::Inspect;
      container.decisive = container.doubtUntil && now.mono >= *container.doubtUntil;
      out.effects.push_back(InspectEffect{{task.arn, container.spec.name}, container.runtimeName});
      return;
    case Action::Reap:
      return reap(task, container, now, out);
    case Action::GiveUp:
      return giveUp(task, container, now);
    case Action::Finish:
      if (container.inFlight == Step::Pull) {
        out.effects.push_back(CancelPullEffect{{task.arn, container.spec.name}, wantedBy(task, container)});
      }
      if (mayHaveBegun(container)) return endOnceGone(container, "");
      return fail(task, container, "", now);
    case Action::Wait:
    case Action::Done:
      return;
  }
}

void Engine::pull(Task& task, Container& container, Now now, Output& out) {
  if (!task.pullStartedAt && !container.internal) task.pullStartedAt = now.wall;
  container.inFlight = Step::Pull;
  PullSpec spec;
  spec.image = container.spec.image;
  spec.behavior = options_.pullBehavior;
  spec.wantedBy = wantedBy(task, container);
  out.effects.push_back(
      PullEffect{{task.arn, container.spec.name}, std::move(spec), registryAuthOf(task, container)});
}

void Engine::create(Task& task, Container& container, Now now, Output& out) {
  auto spec = containerSpec(task, container, identity_);
  if (!spec) return fail(task, container, "CannotCreateContainerError: " + spec.error().message, now);
  container.inFlight = Step::Create;
  out.effects.push_back(
      CreateEffect{{task.arn, container.spec.name}, std::move(*spec), provisionsOf(task, container)});
}

void Engine::stop(Task& task, Container& container, Output& out) {
  container.inFlight = Step::Stop;
  out.effects.push_back(
      StopEffect{{task.arn, container.spec.name}, container.runtimeId, stopTimeoutOf(container)});
}

void Engine::reap(Task& task, Container& container, Now now, Output& out) {
  container.reaping = true;
  // The kernel ends the rest of a container with its first process, so what is left at the first look mostly
  // goes by itself.
  const bool overdue = container.stopBy && now.mono >= *container.stopBy;
  const bool kill = container.reapTries > 0 || (overdue && !container.exited);
  out.effects.push_back(ReapEffect{
      {task.arn, container.spec.name}, {container.runtimeId, container.pid, task.cgroupParent}, kill});
}

void Engine::giveUp(Task& task, Container& container, Now now) {
  const bool created = container.known >= ContainerStatus::Created;
  const Gate gate = created ? startGate(task, container, now.mono) : createGate(task, container, now.mono);
  container.exitCode = kDependencyFailed;
  fail(task, container, gate.why, now);
}

void Engine::report(Task& task, Now now, Output& out) {
  if (task.reporting) return;
  if (task.reportRetryAt && now.mono < *task.reportRetryAt) return;
  task.reportRetryAt.reset();
  // Beyond the limit, the next answer to a report lets this one go.
  if (reportsInFlight_ >= options_.parallelReports) return;
  auto due = dueReport(task, unread(task, now.mono));
  if (!due) return;
  task.reporting = true;
  ++reportsInFlight_;
  out.effects.push_back(ReportEffect{std::move(*due)});
}

std::set<std::string> Engine::unread(const Task& task, MonoTime now) const {
  std::set<std::string> out;
  for (auto it = tails_.lower_bound({task.arn, ""}); it != tails_.end() && it->first.taskArn == task.arn;
       ++it) {
    if (now < it->second) out.insert(it->first.container);
  }
  return out;
}

bool Engine::stillWanted(const ContainerKey& key) const {
  const auto task = tasks_.find(key.taskArn);
  if (task == tasks_.end()) return false;
  return std::ranges::any_of(task->second.containers, [&](const Container& container) {
    return container.spec.name == key.container && container.known != ContainerStatus::Stopped;
  });
}

Output Engine::cleanUpEarly(const std::string& runtimeId, Now now) {
  lastNow_ = now;
  Output out;
  for (auto& [arn, task] : tasks_) {
    const bool has = std::ranges::count(task.containers, runtimeId, &Container::runtimeId) > 0;
    if (!has || statusOf(task) != TaskStatus::Stopped) continue;
    task.cleanUpAt = now.mono;
    cleanUp(task, now, out);
    break;
  }
  return finish(std::move(out));
}

void Engine::cleanUp(Task& task, Now now, Output& out) {
  // Each change of a task ends here, or in what find() led to.
  deadlines_.forget(task);
  if (statusOf(task) != TaskStatus::Stopped || task.sent != TaskStatus::Stopped || task.reporting) return;
  if (!task.cleanUpAt) {
    const Duration passed =
        task.stoppedSince ? now.mono - *task.stoppedSince : now.wall - task.stoppedAt.value_or(now.wall);
    const Duration left = options_.cleanupDelay - passed;
    const Duration more(
        static_cast<int64_t>(static_cast<double>(options_.cleanupJitter.count()) *
                             (options_.cleanupJitter > Duration::zero() ? random_.uniform() : 0)));
    const Duration least = std::min(kLeastKept, options_.cleanupDelay);
    task.cleanUpAt = now.mono + std::clamp(left, least, options_.cleanupDelay) + more;
  }
  if (now.mono < *task.cleanUpAt) return;
  bool gone = true;
  for (Container& container : task.containers) {
    if (container.removed) continue;
    gone = false;
    bool waiting = container.retryAt && now.mono < *container.retryAt;
    if (container.inFlight != Step::None || waiting) continue;
    container.inFlight = Step::Remove;
    // By name: a create whose answer was lost may have left a container whose id nobody knows.
    out.effects.push_back(RemoveEffect{{task.arn, container.spec.name}, container.runtimeName, true});
  }
  if (!gone || !tearDown(task, now, out)) return;
  out.erase.push_back(task.arn);
  dirty_.erase(task.arn);
  // A container of it that a list still shows, because it is older, is not waited for.
  if (listed_) listed_->erase(task.arn);
  deadlines_.remove(task);
  tasks_.erase(task.arn);
}

}  // namespace berth::agent
