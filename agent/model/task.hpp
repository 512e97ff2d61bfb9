// A task and its containers as the agent knows them, and the rules by which that knowledge moves.
#pragma once

#include <map>
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

/// How far the resources are that the containers of a task share.
enum class SetUp { Needed, Doing, Done, TearingDown, Gone };
std::string_view name(Step step);

/// The container that holds the namespaces which a task's containers share; users don't see it.
inline constexpr const char* kPauseName = "~internal~ecs~pause";

struct Container {
  acs::Container spec;
  bool internal = false;    ///< the agent's own, not the payload's
  std::string runtimeName;  ///< chosen when the task arrives, so that a restart finds the container by it

  // Known state: written by observe() and by the steps' outcomes only.
  ContainerStatus known = ContainerStatus::None;
  bool startIntended = false;  ///< persisted before the first start; from then on it is never created again
  std::string runtimeId;
  std::string imageDigest;
  std::string imageId;
  std::optional<int> exitCode;
  std::string reason;  ///< "CannotPullContainerError: ..."
  std::vector<PortMapping> ports;
  std::vector<uint16_t> hostPorts;  ///< chosen by the agent, one for each port mapping; 0: not by it
  HealthState health = HealthState::None;
  std::string healthOutput;  ///< of the last probe
  std::optional<WallTime> healthSince;
  std::vector<std::string> lastLines;  ///< of its output, once it has ended
  std::vector<NetworkAddress> networks;
  std::optional<WallTime> createdAt;
  std::optional<WallTime> startedAt;
  std::optional<WallTime> finishedAt;

  /// By its restart policy it is to be started again, or is just being; `known` stays RUNNING meanwhile.
  bool restarting = false;
  int restarts = 0;      ///< that took effect
  int shortLives = 0;    ///< restarts in a row after which it did not last; they lengthen the wait
  std::string endpoint;  ///< random id in the URLs of its metadata and credentials

  /// What the controller has accepted; behind `known` while a report is due.
  ContainerStatus sent = ContainerStatus::None;

  // Not stored: what is going on right now.
  int failedRestarts = 0;    ///< starts by its policy that the runtime has refused, in a row
  int unansweredStarts = 0;  ///< starts whose answer was lost and that did not take effect, in a row
  int64_t pid = 0;
  std::map<std::string, std::string> labels;  ///< as the runtime has them
  std::vector<MountedVolume> mounts;          ///< likewise; empty: not known yet
  std::optional<int> healthExitCode;          ///< of the last probe
  std::optional<MonoTime> startAskedAt;       ///< the last start by this process
  std::optional<MonoTime> runningSince;
  std::optional<MonoTime> restartAt;
  /// The runtime says that it has ended; it counts once the kernel says that none of its processes is left.
  std::optional<RuntimeContainer> exited;
  /// `exited` stands for an end that the runtime does not tell of; it is then STOPPED with this reason.
  std::optional<std::string> ending;
  int imageLosses = 0;             ///< creations that found its image gone, in a row
  bool reaping = false;            ///< the kernel is being asked
  int reapTries = 0;               ///< it has found a process left
  std::optional<MonoTime> stopBy;  ///< from then on the agent ends its processes by itself
  Step inFlight = Step::None;
  std::optional<WallTime> stepSince;
  std::optional<MonoTime> stepBy;  ///< by then the step under way is answered
  /// The outcome of a step is unknown (its answer was lost, or the agent was): ask before acting again.
  bool uncertain = false;
  /// A start was asked for and its answer is lost, so it may still take effect: see Runtime::start.
  bool startDoubted = false;
  /// The runtime says that a start failed, and why. Believed once it also says that nothing runs.
  std::string startFailure;
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
  bool admitted = false;    ///< what it needs of the host is its own until it is STOPPED
  int64_t arrival = 0;      ///< its place in the order in which tasks came
  std::string reason;       ///< why the task as a whole stopped; empty when its containers tell it
  std::optional<WallTime> pullStartedAt;
  std::optional<WallTime> pullStoppedAt;
  std::optional<WallTime> executionStoppedAt;
  std::optional<WallTime> stoppedAt;

  TaskStatus sent = TaskStatus::Pending;

  std::string cgroupParent;            ///< of its containers; empty: the runtime's default
  std::optional<TaskNetwork> network;  ///< of its own, once it was made

  // Which credentials it has; they themselves are in `spec`, and in memory only. Empty: none.
  std::string roleId;
  std::string executionRoleId;

  // Not stored.
  /// After a restart of the agent: until then, steps wait for the controller to send the credentials again.
  std::optional<MonoTime> credentialsBy;
  SetUp setUp = SetUp::Needed;  ///< of the resources that the task's containers share
  bool networkLeft = false;     ///< its network is not needed any more, and the runtime was told so
  bool leaving = false;         ///< the runtime has not answered that yet
  std::string setUpFailure;     ///< what the last try ran into
  int setUpAttempts = 0;
  std::optional<MonoTime> setUpRetryAt;
  std::string lacks;                ///< what it waits for to be admitted, in words
  std::optional<MonoTime> admitBy;  ///< it is given up when it has not been admitted by then
  WallTime since{};                 ///< when it came, or was found again
  bool reporting = false;
  int reportAttempts = 0;
  std::optional<MonoTime> reportRetryAt;
  std::optional<MonoTime> stoppedSince;  ///< as this process has seen it: the wall clock may be set
  std::optional<MonoTime> cleanUpAt;

  Container* find(std::string_view containerName);
};

/// What a container or volume of a task is called on the runtime: "ecs-FAMILY-REVISION-NAME-DIGITS", the name
/// reduced to [A-Za-z0-9-] and the digits those of the task's id, and of the name where that lost something.
/// The same payload gives the same names, and no two of a task are equal.
std::string runtimeName(const acs::Task& task, const std::string& name);

/// Whether it was ever seen to run.
bool hasRun(const Container& container);

/// Whether processes of it may be there, as far as is known: it runs, or its start was intended, and it has
/// not ended.
bool mayRun(const Container& container);

/// Whether the runtime may have it, as far as is known.
bool mayExist(const Container& container);

/// Whether the task is to have an address of its own.
bool hasOwnNetwork(const acs::Task& payload);

/// The last part of its ARN.
std::string idOf(const Task& task);

/// Whether the task's containers share namespaces, which one of the agent's own then holds.
bool sharesNamespaces(const acs::Task& payload);

/// A task made from a payload, with the agent's own containers first. Container names on the runtime are
/// derived from the task's id, so the same payload always gives the same names.
Task makeTask(const acs::Task& payload);

/// A task that is refused as a whole: STOPPED from the start, with `reason`, without containers.
Task makeRefusedTask(const std::string& arn, const std::string& reason, Now now);

/// True when the task has to end: the controller wants it, or an essential container has stopped.
bool mustStop(const Task& task);

/// The status that follows from the containers': STOPPED when all are; RUNNING when each runs or, not being
/// essential, has stopped; else PENDING (amazon-ecs-agent, agent/api/task).
TaskStatus statusOf(const Task& task);

/// What the runtime says becomes what is known. nullopt: the runtime does not have the container.
/// Never moves a container backwards. A container that has ended and whose restart policy wants it again
/// (agent/model/restart.hpp) is `restarting` instead of STOPPED.
void observe(Task& task, Container& container, const std::optional<RuntimeContainer>& seen, Now now);

/// What the reason of a container is that the runtime has lost.
inline constexpr const char* kVanished = "ContainerVanishedError: No container matching saved ID found";

/// The container will not run (again): known STOPPED, with `reason` unless one is there already.
void markStopped(Task& task, Container& container, const std::string& reason, Now now);

}  // namespace berth::agent
