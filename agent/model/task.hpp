// A task and its containers as the agent knows them, and the rules by which that knowledge moves.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "common/time/clock.hpp"
#include "proto/acs/messages.hpp"

namespace berth::agent {

/// How far a container is known to have come. Only moves forward.
enum class ContainerStatus { None, Pulled, Created, Running, Stopped };

/// What the controller is told of a task. Only moves forward.
enum class TaskStatus { Pending, Running, Stopped };

/// "NONE", "PULLED", "CREATED", "RUNNING", "STOPPED", the words of Amazon's agent.
std::string_view name(ContainerStatus status);
/// "PENDING", "RUNNING", "STOPPED".
std::string_view name(TaskStatus status);

/// The verbs that can be under way for a container.
enum class Step { None, Pull, Create, Start, Stop, Inspect, Remove };
std::string_view name(Step step);

struct Container {
  acs::Container spec;
  std::string runtimeName;  ///< chosen when the task arrives, so that a restart finds the container by it

  // Known state: written by observe() and by the steps' outcomes only.
  ContainerStatus known = ContainerStatus::None;
  bool startIntended = false;  ///< persisted before the first start; from then on it is never created again
  std::string runtimeId;
  std::string imageDigest;
  std::optional<int> exitCode;
  std::string reason;  ///< "CannotPullContainerError: ..."
  std::vector<PortMapping> ports;
  HealthState health = HealthState::None;
  std::optional<WallTime> startedAt;
  std::optional<WallTime> finishedAt;

  /// What the controller has accepted; behind `known` while a report is due.
  ContainerStatus sent = ContainerStatus::None;

  // Not stored: what is going on right now.
  int64_t pid = 0;
  Step inFlight = Step::None;
  /// The outcome of a step is unknown (its answer was lost, or the agent was): ask before acting again.
  bool uncertain = false;
  /// A start was asked for and its answer is lost, so it may still take effect: see Runtime::start.
  bool startDoubted = false;
  std::optional<MonoTime> doubtUntil;  ///< from then on, "created" means that it was never started
  bool decisive = false;               ///< the inspection under way was asked for after doubtUntil
  /// Something happened to it while a step was under way, so the step's answer may be out of date.
  bool recheck = false;
  int attempts = 0;  ///< of the current step that failed and may be tried again
  std::optional<MonoTime> retryAt;
  std::string waiting;   ///< what retryAt waits for, in words
  bool removed = false;  ///< gone from the runtime by the clean-up
};

struct Task {
  std::string arn;
  acs::Task spec;  ///< as it came; its containers have moved to `containers`
  std::vector<Container> containers;

  bool stopWanted = false;  ///< the controller's desired status is STOPPED; never taken back
  std::string reason;       ///< why the task as a whole stopped; empty when its containers tell it
  std::optional<WallTime> pullStartedAt;
  std::optional<WallTime> pullStoppedAt;
  std::optional<WallTime> executionStoppedAt;
  std::optional<WallTime> stoppedAt;

  TaskStatus sent = TaskStatus::Pending;

  // Not stored.
  bool reporting = false;
  int reportAttempts = 0;
  std::optional<MonoTime> reportRetryAt;
  std::optional<MonoTime> cleanUpAt;

  Container* find(std::string_view containerName);
};

/// A task made from a payload. Container names on the runtime are derived from the task's id, so the same
/// payload always gives the same names.
Task makeTask(const acs::Task& payload);

/// A task that is refused as a whole: STOPPED from the start, with `reason`, without containers.
Task makeRefusedTask(const std::string& arn, const std::string& reason, Now now);

/// True when the task has to end: the controller wants it, or an essential container has stopped.
bool mustStop(const Task& task);

/// The status that follows from the containers': STOPPED when all are; RUNNING when each runs or, not being
/// essential, has stopped; else PENDING (amazon-ecs-agent, agent/api/task).
TaskStatus statusOf(const Task& task);

/// What the runtime says becomes what is known. nullopt: the runtime does not have the container.
/// Never moves a container backwards.
void observe(Task& task, Container& container, const std::optional<RuntimeContainer>& seen, Now now);

/// The container will not run (again): known STOPPED, with `reason` unless one is there already.
void markStopped(Task& task, Container& container, const std::string& reason, Now now);

}  // namespace berth::agent
