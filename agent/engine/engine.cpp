#include "agent/engine/engine.hpp"

#include <algorithm>

namespace berth::agent {
namespace {

bool outcomeUnknown(const Error& error) {
  return error.code == Code::Unavailable || error.code == Code::DeadlineExceeded ||
         error.code == Code::Cancelled;
}

/// A DeadlineExceeded has a name of its own among the reasons that users know (amazon-ecs-agent,
/// agent/dockerclient/dockerapi/errors.go).
std::string reasonFor(std::string_view failure, const Error& error) {
  std::string name = error.code == Code::DeadlineExceeded ? "DockerTimeoutError" : std::string(failure);
  return name + ": " + error.message;
}

Duration backOffDelay(Duration first, Duration most, int attempts, Random& random) {
  Duration ceiling = first;
  for (int i = 1; i < attempts && ceiling < most; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, most);
  // Full jitter, but never at once: a retry in the same instant helps nobody.
  return ceiling / 4 +
         Duration(static_cast<int64_t>(static_cast<double>(ceiling.count()) * 0.75 * random.uniform()));
}

}  // namespace

Engine::Engine(Identity identity, EngineOptions options, Random& random)
    : identity_(std::move(identity)), options_(options), random_(random) {}

Output Engine::finish(Output out) {
  for (const std::string& arn : dirty_) {
    if (auto it = tasks_.find(arn); it != tasks_.end()) out.save.push_back(it->second);
  }
  dirty_.clear();
  return out;
}

Container* Engine::find(const ContainerKey& key, Task** task) {
  auto it = tasks_.find(key.taskArn);
  if (it == tasks_.end()) return nullptr;
  *task = &it->second;
  return it->second.find(key.container);
}

Container* Engine::stepEnded(const ContainerKey& key, Task** task) {
  Container* container = find(key, task);
  if (container) container->inFlight = Step::None;
  return container;
}

void Engine::settle(Task& task, Container& container, Now now, Output& out) {
  if (container.recheck && container.known != ContainerStatus::Stopped) container.uncertain = true;
  container.recheck = false;
  advance(task, now, out);
}

Output Engine::onMessage(const acs::ToAgent& message, Now now) {
  Output out;
  std::visit([&](const auto& m) { handle(m, now, out); }, message);
  return finish(std::move(out));
}

void Engine::handle(const acs::PayloadMessage& payload, Now now, Output& out) {
  if (payload.containerInstanceArn != identity_.instanceArn) return;
  highestSeq_ = std::max(highestSeq_, payload.seqNum);
  for (const acs::RefusedTask& refused : payload.refused) {
    auto [it, added] = tasks_.try_emplace(refused.arn, makeRefusedTask(refused.arn, refused.reason, now));
    if (added) save(it->second);
    advance(it->second, now, out);
  }
  // Stops first: they free what the others may need.
  for (bool stops : {true, false}) {
    for (const acs::Task& task : payload.tasks) {
      if ((task.desiredStatus == "STOPPED") == stops) accept(task, now, out);
    }
  }
  acs::AckRequest ack{payload.clusterArn, identity_.instanceArn, payload.messageId};
  out.effects.push_back(SendEffect{std::move(ack)});
}

void Engine::accept(const acs::Task& payload, Now now, Output& out) {
  auto it = tasks_.find(payload.arn);
  if (it == tasks_.end()) {
    it = tasks_.emplace(payload.arn, makeTask(payload)).first;
    save(it->second);
  } else if (payload.desiredStatus == "STOPPED") {
    wantStop(it->second);
  }
  advance(it->second, now, out);
}

void Engine::wantStop(Task& task) {
  if (task.stopWanted) return;
  task.stopWanted = true;
  save(task);
}

void Engine::handle(const acs::HeartbeatMessage& heartbeat, Now, Output& out) {
  out.effects.push_back(SendEffect{acs::HeartbeatAckRequest{heartbeat.messageId}});
}

void Engine::handle(const acs::TaskManifestMessage& manifest, Now, Output& out) {
  if (manifest.containerInstanceArn != identity_.instanceArn) return;
  if (manifest.timeline <= std::max(timeline_, highestSeq_)) return;
  timeline_ = manifest.timeline;
  out.timeline = timeline_;
  manifestId_ = manifest.messageId;
  std::map<std::string, std::string> wanted;
  for (const acs::TaskIdentity& task : manifest.tasks) wanted[task.taskArn] = task.desiredStatus;
  acs::TaskStopVerificationMessage verification;
  verification.messageId = manifest.messageId;
  for (const auto& [arn, task] : tasks_) {
    if (mustStop(task)) continue;
    if (auto it = wanted.find(arn); it != wanted.end() && it->second == "RUNNING") continue;
    verification.stopCandidates.push_back(acs::TaskIdentity{arn, manifest.clusterArn, "STOPPED"});
  }
  acs::AckRequest ack{manifest.clusterArn, identity_.instanceArn, manifest.messageId};
  out.effects.push_back(SendEffect{std::move(ack)});
  if (!verification.stopCandidates.empty()) out.effects.push_back(SendEffect{std::move(verification)});
}

void Engine::handle(const acs::TaskStopVerificationAck& ack, Now now, Output& out) {
  if (manifestId_.empty() || ack.messageId != manifestId_) return;
  manifestId_.clear();
  for (const acs::TaskIdentity& stop : ack.stopTasks) {
    auto it = tasks_.find(stop.taskArn);
    if (it == tasks_.end()) continue;
    wantStop(it->second);
    advance(it->second, now, out);
  }
}

void Engine::handle(const acs::OtherMessage&, Now, Output&) {}

Output Engine::onDone(Done done, Now now) {
  Output out;
  std::visit([&](const auto& d) { finished(d, now, out); }, done);
  return finish(std::move(out));
}

void Engine::finished(const PullDone& done, Now now, Output& out) {
  Task* task = nullptr;
  Container* container = stepEnded(done.key, &task);
  if (!container) return;
  if (container->known == ContainerStatus::None) {
    task->pullStoppedAt = now.wall;
    if (done.result) {
      container->attempts = 0;
      container->imageDigest = done.result->digest;
      container->known = ContainerStatus::Pulled;
    } else if (!retryLater(*container, done.result.error(), "pull", now)) {
      fail(*task, *container, reasonFor("CannotPullContainerError", done.result.error()), now);
    }
  }
  settle(*task, *container, now, out);
}

void Engine::finished(const CreateDone& done, Now now, Output& out) {
  Task* task = nullptr;
  Container* container = stepEnded(done.key, &task);
  if (!container) return;
  if (done.result) {
    container->attempts = 0;
    container->runtimeId = *done.result;
    container->known = std::max(container->known, ContainerStatus::Created);
  } else {
    container->uncertain = outcomeUnknown(done.result.error());
    if (!retryLater(*container, done.result.error(), "create", now)) {
      fail(*task, *container, reasonFor("CannotCreateContainerError", done.result.error()), now);
    }
  }
  settle(*task, *container, now, out);
}

void Engine::finished(const StartDone& done, Now now, Output& out) {
  Task* task = nullptr;
  Container* container = stepEnded(done.key, &task);
  if (!container) return;
  if (done.result) {
    container->attempts = 0;
    see(*task, *container, *done.result, now, out);
  } else if (outcomeUnknown(done.result.error())) {
    // It may run: only the runtime's own word ends the doubt, however long that takes.
    container->uncertain = true;
    container->startDoubted = true;
    backOff(*container, "the runtime, to ask whether the start succeeded: " + done.result.error().message,
            now);
  } else {
    fail(*task, *container, reasonFor("CannotStartContainerError", done.result.error()), now);
  }
  settle(*task, *container, now, out);
}

void Engine::finished(const StopDone& done, Now now, Output& out) {
  Task* task = nullptr;
  Container* container = stepEnded(done.key, &task);
  if (!container) return;
  if (done.result) {
    container->attempts = 0;
    see(*task, *container, *done.result, now, out);
  } else if (container->known != ContainerStatus::Stopped) {
    container->uncertain = true;
    backOff(*container, "the runtime, to stop the container: " + done.result.error().message, now);
  }
  settle(*task, *container, now, out);
}

void Engine::finished(const InspectDone& done, Now now, Output& out) {
  Task* task = nullptr;
  Container* container = stepEnded(done.key, &task);
  if (!container) return;
  if (done.result) {
    see(*task, *container, *done.result, now, out);
  } else if (container->known != ContainerStatus::Stopped) {
    backOff(*container, "the runtime, to ask for the container's state: " + done.result.error().message, now);
  }
  settle(*task, *container, now, out);
}

void Engine::finished(const RemoveDone& done, Now now, Output& out) {
  Task* task = nullptr;
  Container* container = stepEnded(done.key, &task);
  if (!container) return;
  if (done.result || done.result.error().code == Code::NotFound) {
    container->removed = true;
    container->retryAt.reset();
  } else {
    backOff(*container, "the runtime, to remove the container: " + done.result.error().message, now);
  }
  cleanUp(*task, now, out);
}

void Engine::finished(const ReportDone& done, Now now, Output& out) {
  --reportsInFlight_;
  if (auto it = tasks_.find(done.report.taskArn); it != tasks_.end()) {
    Task& task = it->second;
    task.reporting = false;
    if (done.result || done.rejected) {
      task.reportAttempts = 0;
      agent::accept(task, done.report);
      save(task);
    } else {
      ++task.reportAttempts;
      task.reportRetryAt = now.mono + backOffDelay(options_.reportRetryFirst, options_.reportRetryMost,
                                                   task.reportAttempts, random_);
    }
  }
  advanceAll(now, out);
}

void Engine::see(Task& task, Container& container, const std::optional<RuntimeContainer>& seen, Now now,
                 Output& out) {
  bool was_stopped = container.known == ContainerStatus::Stopped;
  bool had_run = container.known >= ContainerStatus::Running;
  observe(task, container, seen, now);
  // The runtime has answered, so whatever waited for that waits no more.
  container.retryAt.reset();
  container.waiting.clear();
  if (container.startDoubted) settleDoubt(container, now);
  if (was_stopped && seen && seen->state == RunState::Running && container.inFlight == Step::None) {
    // It was given up, or started by somebody else: what is STOPPED must not run.
    container.inFlight = Step::Stop;
    out.effects.push_back(StopEffect{{task.arn, container.spec.name}, seen->id, Duration::zero()});
  }
  if (!was_stopped && container.known == ContainerStatus::Stopped) save(task);
  if (!had_run && container.known == ContainerStatus::Running) container.attempts = 0;
}

void Engine::fail(Task& task, Container& container, const std::string& reason, Now now) {
  markStopped(task, container, reason, now);
  save(task);
}

bool Engine::retryLater(Container& container, const Error& error, std::string_view step, Now now) {
  if (!error.retryable || container.attempts + 1 >= options_.attempts) return false;
  backOff(container, "another attempt to " + std::string(step) + " after: " + error.message, now);
  return true;
}

void Engine::backOff(Container& container, std::string what, Now now) {
  ++container.attempts;
  container.retryAt =
      now.mono + backOffDelay(options_.retryFirst, options_.retryMost, container.attempts, random_);
  container.waiting = std::move(what);
}

void Engine::advance(Task& task, Now now, Output& out) {
  if (!restored_) return;
  // A container that ends can decide what happens to those before it, so go round until nothing moves.
  for (bool moved = true; moved;) {
    moved = false;
    for (Container& container : task.containers) {
      Action action = nextAction(task, container, now.mono);
      if (action == Action::Wait || action == Action::Done) continue;
      perform(task, container, action, now, out);
      moved = true;
    }
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

void Engine::perform(Task& task, Container& container, Action action, Now now, Output& out) {
  ContainerKey key{task.arn, container.spec.name};
  container.retryAt.reset();
  container.waiting.clear();
  switch (action) {
    case Action::Pull: {
      if (!task.pullStartedAt) task.pullStartedAt = now.wall;
      container.inFlight = Step::Pull;
      PullSpec spec;
      spec.image = container.spec.image;
      spec.behavior = options_.pullBehavior;
      out.effects.push_back(PullEffect{std::move(key), std::move(spec)});
      return;
    }
    case Action::Create: {
      auto spec = containerSpec(task, container, identity_);
      if (!spec) return fail(task, container, "CannotCreateContainerError: " + spec.error().message, now);
      container.inFlight = Step::Create;
      out.effects.push_back(CreateEffect{std::move(key), std::move(*spec)});
      return;
    }
    case Action::Start:
      container.inFlight = Step::Start;
      container.startIntended = true;
      save(task);
      out.effects.push_back(StartEffect{std::move(key), container.runtimeId});
      return;
    case Action::Stop: {
      container.inFlight = Step::Stop;
      Duration timeout = options_.stopTimeout;
      if (container.spec.stopTimeout) timeout = std::chrono::seconds(*container.spec.stopTimeout);
      out.effects.push_back(StopEffect{std::move(key), container.runtimeId, timeout});
      return;
    }
    case Action::Inspect:
      container.inFlight = Step::Inspect;
      container.decisive = container.doubtUntil && now.mono >= *container.doubtUntil;
      out.effects.push_back(InspectEffect{std::move(key), container.runtimeName});
      return;
    case Action::Finish:
      return fail(task, container, "", now);
    case Action::Wait:
    case Action::Done:
      return;
  }
}

void Engine::report(Task& task, Now now, Output& out) {
  if (task.reporting) return;
  if (task.reportRetryAt && now.mono < *task.reportRetryAt) return;
  task.reportRetryAt.reset();
  // Beyond the limit, the next answer to a report lets this one go.
  if (reportsInFlight_ >= options_.parallelReports) return;
  auto due = dueReport(task);
  if (!due) return;
  task.reporting = true;
  ++reportsInFlight_;
  out.effects.push_back(ReportEffect{std::move(*due)});
}

void Engine::cleanUp(Task& task, Now now, Output& out) {
  if (statusOf(task) != TaskStatus::Stopped || task.sent != TaskStatus::Stopped || task.reporting) return;
  if (!task.cleanUpAt) {
    auto stopped = task.stoppedAt.value_or(now.wall);
    Duration left = stopped + options_.cleanupDelay - now.wall;
    task.cleanUpAt = now.mono + std::clamp(left, Duration::zero(), options_.cleanupDelay);
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
  if (!gone) return;
  out.erase.push_back(task.arn);
  dirty_.erase(task.arn);
  tasks_.erase(task.arn);
}

}  // namespace berth::agent
