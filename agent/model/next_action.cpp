#include "agent/model/next_action.hpp"

#include <algorithm>

#include "agent/model/order.hpp"
#include "agent/model/provisions.hpp"
#include "agent/model/restart.hpp"

namespace berth::agent {
namespace {

bool before(MonoTime now, const std::optional<MonoTime>& at) { return at && now < *at; }

/// It is, or may be, running, and should have been stopped by now. Without its id, which an agent that has
/// lost its record does not have, the kernel can't be asked, and only the runtime can tell.
bool overdue(const Container& container, MonoTime now) {
  return mayRun(container) && !container.runtimeId.empty() && container.stopBy && now >= *container.stopBy;
}

/// The step under way leaves nothing behind that would have to be ended, so a stop does not wait for it: what
/// it makes, the clean-up removes by its name.
bool leavesNothingRunning(const Container& container) {
  const bool harmless = container.inFlight == Step::Pull || container.inFlight == Step::Create ||
                        container.inFlight == Step::Inspect;
  return harmless && !mayRun(container);
}

Decision nextForStop(const Task& task, const Container& container) {
  switch (container.known) {
    case ContainerStatus::None:
    case ContainerStatus::Pulled:
      return {Action::Finish};
    // Start was asked for and its outcome is known to be "not started": it never will be.
    case ContainerStatus::Created:
      return {Action::Finish};
    case ContainerStatus::Running:
      if (container.restarting) return {Action::Finish};
      if (stopsBefore(task, container)) return {Action::Wait};
      return {Action::Stop};
    case ContainerStatus::Stopped:
      return {Action::Done};
  }
  return {Action::Done};
}

Decision through(const Gate& gate, Action action) {
  if (gate.state == Gate::State::Open) return {action};
  if (gate.state == Gate::State::Never) return {Action::GiveUp};
  return {Action::Wait, gate.until};
}

/// After a restart of the agent the controller sends the credentials of its tasks again, by itself.
bool awaitsCredentials(const Task& task, const Container& container, MonoTime now) {
  return before(now, task.credentialsBy) && lacksCredentials(task, container);
}

Decision nextForRun(const Task& task, const Container& container, MonoTime now, const Rules& rules) {
  switch (container.known) {
    case ContainerStatus::None: {
      if (!task.admitted) return {Action::Wait};
      if (awaitsCredentials(task, container, now)) return {Action::Wait, task.credentialsBy};
      const Decision decision = through(createGate(task, container, now), Action::Pull);
      return rules.pullUpfront && decision.action == Action::Wait ? Decision{Action::Pull} : decision;
    }
    case ContainerStatus::Pulled: {
      const Decision decision = through(createGate(task, container, now), Action::Create);
      if (decision.action != Action::Create) return decision;
      if (awaitsCredentials(task, container, now)) return {Action::Wait, task.credentialsBy};
      return task.setUp == SetUp::Done ? decision : Decision{Action::Wait};
    }
    case ContainerStatus::Created:
      return through(startGate(task, container, now), Action::Start);
    case ContainerStatus::Running:
      if (!container.restarting) return {Action::Wait};
      if (before(now, container.restartAt)) return {Action::Wait, container.restartAt};
      return {Action::Start};
    case ContainerStatus::Stopped:
      return {Action::Done};
  }
  return {Action::Done};
}

std::string stepText(const Task& task, const Container& container) {
  const bool fetches = container.inFlight == Step::Create && !provisionsOf(task, container).empty();
  return (fetches ? "its secrets, and the runtime, to " : "the runtime, to ") +
         std::string(name(container.inFlight));
}

Wait gateWait(const Gate& gate) { return Wait{gate.why, gate.until}; }

Wait runWait(const Task& task, const Container& container, MonoTime now) {
  if (!task.admitted) return {"room on the host: " + task.lacks, task.admitBy};
  if (container.known == ContainerStatus::Running) {
    std::string what = inCrashLoop(container) ? "its next restart: it keeps ending soon" : "its restart";
    if (container.exitCode) what += ", after exit code " + std::to_string(*container.exitCode);
    return {what, container.restartAt};
  }
  const bool starting = container.known == ContainerStatus::Created;
  const Gate gate = starting ? startGate(task, container, now) : createGate(task, container, now);
  if (gate.state != Gate::State::Open) return gateWait(gate);
  if (awaitsCredentials(task, container, now)) {
    return {"the controller, to send the credentials of the execution role", task.credentialsBy};
  }
  if (task.setUp != SetUp::Done) {
    std::string what = "the task's volumes and control group";
    if (!task.setUpFailure.empty()) what += ", after: " + task.setUpFailure;
    return {what, task.setUpRetryAt};
  }
  return {"its turn", std::nullopt};
}

}  // namespace

Decision nextAction(const Task& task, const Container& container, MonoTime now, const Rules& rules) {
  if (container.known == ContainerStatus::Stopped) return {Action::Done};
  if (container.reaping) return {Action::Wait};
  const bool stop = mustStop(task);
  const bool waiting = before(now, container.retryAt);
  if (container.exited || (stop && overdue(container, now))) {
    return waiting ? Decision{Action::Wait, container.retryAt} : Decision{Action::Reap};
  }
  const std::optional<MonoTime> stop_by = stop ? container.stopBy : std::nullopt;
  if (container.inFlight != Step::None) {
    return stop && leavesNothingRunning(container) ? Decision{Action::Finish}
                                                   : Decision{Action::Wait, stop_by};
  }
  const auto wait = [&] {
    return Decision{Action::Wait, stop_by ? std::min(*stop_by, *container.retryAt) : *container.retryAt};
  };
  if (stop && container.uncertain && !mayRun(container)) return {Action::Finish};
  if (container.uncertain) return waiting ? wait() : Decision{Action::Inspect};
  // A back-off between attempts to start holds up no stop, but one between attempts to stop does.
  if (waiting && (!stop || container.known == ContainerStatus::Running)) return wait();
  return stop ? nextForStop(task, container) : nextForRun(task, container, now, rules);
}

Wait waitOf(const Task& task, const Container& container, MonoTime now) {
  const bool stop = mustStop(task);
  if (container.known == ContainerStatus::Stopped) return {};
  if (container.reaping || container.exited)
    return {"the kernel, to end the last process of it", std::nullopt};
  const std::optional<MonoTime> stop_by = stop ? container.stopBy : std::nullopt;
  if (container.inFlight != Step::None) {
    std::optional<MonoTime> until = container.stepBy;
    if (stop_by && (!until || *stop_by < *until)) until = stop_by;
    return {stepText(task, container), until};
  }
  if (before(now, container.retryAt)) return {container.waiting, container.retryAt};
  if (container.uncertain) return {"the runtime, to tell how it is", stop_by};
  const bool rests = container.known == ContainerStatus::Running && !container.restarting;
  if (!stop) return rests ? Wait{} : runWait(task, container, now);
  if (const Container* other = stopsBefore(task, container)) {
    return {"container " + other->spec.name + ", which depends on it, to stop", std::nullopt};
  }
  return {"its stop", stop_by};
}

}  // namespace berth::agent
