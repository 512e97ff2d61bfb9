// What each answer to an effect changes.
#include <algorithm>
#include <utility>

#include "agent/engine/engine.hpp"

namespace berth::agent {
namespace {

constexpr Duration kReapAgain = std::chrono::milliseconds(100);
constexpr Duration kReapSlowest = std::chrono::seconds(5);
constexpr int kRestartTries = 10;  ///< refused in a row: more than half a minute, by the growing delays
constexpr int kReapTries = 5;      ///< without an answer of the kernel
constexpr int kKilled = 137;       ///< exit code of a process that SIGKILL has ended
/// The end of a container is told with its last lines, if they come so soon.
constexpr Duration kTailWait = std::chrono::seconds(1);

bool outcomeUnknown(const Error& error) {
  return error.code == Code::Unavailable || error.code == Code::DeadlineExceeded ||
         error.code == Code::Cancelled;
}

/// A DeadlineExceeded has a name of its own among the reasons that users know (amazon-ecs-agent,
/// agent/dockerclient/dockerapi/errors.go).
std::string reasonFor(std::string_view failure, const Error& error) {
  // Failures of registries' credentials bring a name of their own.
  if (error.message.starts_with("CannotPull")) return error.message;
  std::string name = error.code == Code::DeadlineExceeded ? "DockerTimeoutError" : std::string(failure);
  return name + ": " + error.message;
}

/// `first` at the first attempt, twice as long at each that follows, `most` at the longest.
Duration doubledDelay(Duration first, Duration most, int attempts) {
  Duration delay = first;
  for (int i = 1; i < attempts && delay < most; ++i) delay *= 2;
  return std::min(delay, most);
}

Duration growingDelay(Duration first, Duration most, int attempts, Random& random) {
  const Duration ceiling = doubledDelay(first, most, attempts);
  // Full jitter, but never at once: a retry in the same instant helps nobody.
  return ceiling / 4 +
         Duration(static_cast<int64_t>(static_cast<double>(ceiling.count()) * 0.75 * random.uniform()));
}

constexpr int kImageLosses = 3;  ///< in a row

/// Whether the creation has found the image gone, and pulling it once more may help.
bool imageLost(Container& container, const CreateDone& done) {
  if (done.provisioning || done.result.error().code != Code::NotFound || container.internal) return false;
  return ++container.imageLosses <= kImageLosses;
}

}  // namespace

void Engine::finished(const PullDone& done, Now now, Output& out) {
  Task* task = nullptr;
  Container* container = stepEnded(done.key, &task);
  if (!container) return;
  if (container->known == ContainerStatus::None) {
    if (!container->internal) task->pullStoppedAt = now.wall;
    if (done.result) {
      container->attempts = 0;
      container->imageDigest = done.result->digest;
      container->imageId = done.result->imageId;
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
    container->attempts = container->imageLosses = 0;
    container->runtimeId = *done.result;
    container->known = std::max(container->known, ContainerStatus::Created);
  } else if (container->known != ContainerStatus::Stopped) {
    const Error& error = done.result.error();
    container->uncertain = !done.provisioning && outcomeUnknown(error);
    if (imageLost(*container, done)) {
      // Somebody has removed it since it was pulled; a pull finds out, and costs little if it is there.
      container->known = ContainerStatus::None;
      backOff(*container, "another pull of its image after: " + error.message, now);
    } else if (!retryLater(*container, error, done.provisioning ? "fetch its secrets" : "create", now)) {
      if (done.provisioning) {
        // As amazon-ecs-agent has it: what a task's resources run into is the task's own reason.
        failTask(*task, error.message, now);
        fail(*task, *container, error.message, now);
      } else {
        fail(*task, *container, reasonFor("CannotCreateContainerError", error), now);
      }
    }
  }
  settle(*task, *container, now, out);
}

void Engine::finished(const StartDone& done, Now now, Output& out) {
  Task* task = nullptr;
  Container* container = stepEnded(done.key, &task);
  if (!container) return;
  if (done.result) {
    container->attempts = container->failedRestarts = container->unansweredStarts = 0;
    see(*task, *container, *done.result, now, out);
  } else if (container->known == ContainerStatus::Stopped) {
    // Given up meanwhile. Should it run all the same, its event or the next list tells, and it is stopped.
    container->startDoubted = outcomeUnknown(done.result.error());
  } else if (!outcomeUnknown(done.result.error()) && container->restarting &&
             ++container->failedRestarts < kRestartTries) {
    // It did start before, so what is wrong may well be the runtime, which refuses starts while it ends.
    container->uncertain = true;
    backOff(*container, "another attempt to start it again after: " + done.result.error().message, now);
  } else if (!outcomeUnknown(done.result.error())) {
    container->uncertain = true;
    container->startFailure = reasonFor("CannotStartContainerError", done.result.error());
  } else {
    // It may run: only the runtime's own word ends the doubt, however long that takes.
    container->uncertain = true;
    container->startDoubted = true;
    ++container->unansweredStarts;
    backOff(*container, "the runtime, to ask whether the start succeeded: " + done.result.error().message,
            now);
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
  const bool othersWait = reportsInFlight_-- >= options_.parallelReports;
  if (auto it = tasks_.find(done.report.taskArn); it != tasks_.end()) {
    Task& task = it->second;
    task.reporting = false;
    if (done.result || done.rejected) {
      task.reportAttempts = 0;
      agent::accept(task, done.report);
      save(task);
    } else {
      ++task.reportAttempts;
      task.reportRetryAt = now.mono + growingDelay(options_.reportRetryFirst, options_.reportRetryMost,
                                                   task.reportAttempts, random_);
    }
    if (!othersWait) return advance(task, now, out);
  }
  if (othersWait) advanceAll(now, out);
}

void Engine::finished(const ReapDone& done, Now now, Output& out) {
  Task* task = nullptr;
  Container* container = find(done.key, &task);
  if (!container) return;
  container->reaping = false;
  if (container->known == ContainerStatus::Stopped) return;
  const bool left = done.result && *done.result;
  if (left || (container->exited && !done.result && container->reapTries < kReapTries)) {
    ++container->reapTries;
    container->retryAt = now.mono + doubledDelay(kReapAgain, kReapSlowest, container->reapTries);
    container->waiting = "the kernel, to end the processes of it that are left";
  } else if (container->exited) {
    // Where the kernel can't be asked at all, the runtime's word has to do.
    ended(*task, *container, *std::exchange(container->exited, std::nullopt), now, out);
  } else if (done.result) {
    if (!container->restarting) container->exitCode = kKilled;
    container->finishedAt = now.wall;
    fail(*task, *container,
         "DockerTimeoutError: Could not transition to stopped; the agent ended the processes", now);
  } else {
    backOff(*container, "the kernel, to end the processes of it: " + done.result.error().message, now);
  }
  advance(*task, now, out);
}

void Engine::ended(Task& task, Container& container, const RuntimeContainer& seen, Now now, Output& out) {
  container.reapTries = 0;
  if (const auto reason = std::exchange(container.ending, std::nullopt)) {
    return fail(task, container, *reason, now);
  }
  observe(task, container, seen, now);
  save(task);
  if (container.known != ContainerStatus::Stopped) return;
  // Of what was asked to end nobody asks why.
  if (task.stopWanted) return;
  tails_[{task.arn, container.spec.name}] = now.mono + kTailWait;
  out.effects.push_back(TailEffect{{task.arn, container.spec.name}, container.runtimeId});
}

void Engine::finished(const TailDone& done, Now now, Output& out) {
  tails_.erase(done.key);
  Task* task = nullptr;
  Container* container = find(done.key, &task);
  if (!container) return;
  // Without them the story lacks its last lines; nothing else depends on them.
  if (done.result && !done.result->empty()) {
    container->lastLines = *done.result;
    save(*task);
  }
  advance(*task, now, out);
}

void Engine::see(Task& task, Container& container, const std::optional<RuntimeContainer>& seen, Now now,
                 Output& out) {
  bool was_stopped = container.known == ContainerStatus::Stopped;
  bool had_run = container.known >= ContainerStatus::Running;
  const int restarts = container.restarts;
  const bool last_life = container.restarting && seen && seen->startedAt == container.startedAt;
  const bool lives = seen && seen->state == RunState::Running;
  const bool lived = seen && seen->state == RunState::Exited && seen->startedAt && !last_life;
  const std::string failure = std::exchange(container.startFailure, "");
  if (!failure.empty() && !lives && !lived) {
    return endOnceGone(container, failure);
  }
  const bool found_again = container.startDoubted && container.known < ContainerStatus::Created;
  if (lived && !was_stopped && found_again && container.spec.restartPolicy.enabled) {
    // The start that may be under way can be that of its next life.
    settleDoubt(container, now);
    if (container.startDoubted) return;
  }
  if (seen && seen->state == RunState::Exited && !was_stopped && !last_life) {
    return awaitEnd(container, *seen);
  }
  if (!seen && mayRun(container)) {
    // The runtime has lost it, which says nothing of its processes.
    return endOnceGone(container, kVanished);
  }
  // It runs after all, or it is gone: what was seen before is out of date.
  container.exited.reset();
  container.ending.reset();
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
  if (container.restarts != restarts) save(task);
}

void Engine::settleDoubt(Container& container, Now now) {
  const bool took_effect = container.known >= ContainerStatus::Running && !container.restarting;
  if (!took_effect && !std::exchange(container.decisive, false)) {
    if (!container.doubtUntil) container.doubtUntil = now.mono + options_.startSettles;
    container.uncertain = true;
    container.retryAt = container.doubtUntil;
    container.waiting = "the runtime, which may still start the container";
    return;
  }
  container.startDoubted = false;
  container.doubtUntil.reset();
  if (took_effect) container.unansweredStarts = 0;
  if (container.unansweredStarts < (container.restarting ? kRestartTries : options_.attempts)) return;
  endOnceGone(container, "DockerTimeoutError: Could not transition to started; none of " +
                             std::to_string(container.unansweredStarts) + " attempts was answered");
}

void Engine::awaitEnd(Container& container, RuntimeContainer end) {
  container.runtimeId = end.id;
  container.exited = std::move(end);
  container.ending.reset();
  container.uncertain = container.startDoubted = false;
  container.doubtUntil.reset();
  container.retryAt.reset();
  container.waiting.clear();
}

void Engine::endOnceGone(Container& container, std::string reason) {
  RuntimeContainer end;
  end.id = container.runtimeId;
  awaitEnd(container, std::move(end));
  container.ending = std::move(reason);
}

void Engine::fail(Task& task, Container& container, const std::string& reason, Now now) {
  markStopped(task, container, reason, now);
  save(task);
}

void Engine::failTask(Task& task, const std::string& reason, Now now) {
  if (task.reason.empty()) task.reason = reason;
  wantStop(task);
  for (Container& container : task.containers) {
    if (container.known < ContainerStatus::Created) fail(task, container, "", now);
  }
}

Duration Engine::backOffDelay(int attempts) {
  return growingDelay(options_.retryFirst, options_.retryMost, attempts, random_);
}

bool Engine::retryLater(Container& container, const Error& error, std::string_view step, Now now) {
  if (!error.retryable || container.attempts + 1 >= options_.attempts) return false;
  backOff(container, "another attempt to " + std::string(step) + " after: " + error.message, now);
  return true;
}

void Engine::backOff(Container& container, std::string what, Now now) {
  ++container.attempts;
  container.retryAt = now.mono + backOffDelay(container.attempts);
  container.waiting = std::move(what);
}

}  // namespace berth::agent
