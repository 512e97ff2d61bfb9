#include "agent/model/task.hpp"

#include <algorithm>

#include "agent/model/restart.hpp"
#include "proto/ecs/agent_api.hpp"
#include "proto/ecs/text.hpp"

namespace berth::agent {
namespace {

constexpr size_t kIdDigits = 20;

/// Eight digits by which names differ that are alike in letters and digits (FNV-1a).
std::string digest(std::string_view name) {
  uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  std::string out;
  for (int shift = 28; shift >= 0; shift -= 4) out += "0123456789abcdef"[(hash >> shift) & 15U];
  return out;
}

void advance(Container& container, ContainerStatus status) {
  container.known = std::max(container.known, status);
}

void observeExit(Task& task, Container& container, const RuntimeContainer& seen, Now now) {
  container.exitCode = seen.exitCode;
  container.finishedAt = seen.finishedAt.value_or(now.wall);
  if (restartDue(task, container)) return planRestart(container, now);
  std::string reason;
  if (seen.oomKilled) {
    reason = "OutOfMemoryError: Container killed due to memory usage";
  } else if (!seen.error.empty()) {
    reason = "DockerStateError: " + seen.error;
  }
  markStopped(task, container, reason, now);
}

/// The runtime has started it since it was last seen.
void takeLife(Container& container, WallTime startedAt) {
  if (container.restarting) {
    ++container.restarts;
    container.restarting = false;
    container.restartAt.reset();
    container.exitCode.reset();
    container.finishedAt.reset();
  }
  container.startedAt = startedAt;
  container.runningSince.reset();
}

/// By the monotonic clock from here on: the wall clock may be set.
void noteRunning(Container& container, Now now) {
  advance(container, ContainerStatus::Running);
  if (container.runningSince) return;
  const Duration age = container.startedAt ? Duration(now.wall - *container.startedAt) : Duration::zero();
  container.runningSince = now.mono - std::max(age, Duration::zero());
  if (container.startAskedAt)
    container.runningSince = std::max(*container.runningSince, *container.startAskedAt);
}

}  // namespace

std::string_view name(ContainerStatus status) {
  switch (status) {
    case ContainerStatus::None:
      return "NONE";
    case ContainerStatus::Pulled:
      return "PULLED";
    case ContainerStatus::Created:
      return "CREATED";
    case ContainerStatus::Running:
      return "RUNNING";
    case ContainerStatus::Stopped:
      return "STOPPED";
  }
  return "NONE";
}

std::string_view name(TaskStatus status) {
  switch (status) {
    case TaskStatus::Pending:
      return "PENDING";
    case TaskStatus::Running:
      return "RUNNING";
    case TaskStatus::Stopped:
      return "STOPPED";
  }
  return "PENDING";
}

std::string_view name(Step step) {
  switch (step) {
    case Step::None:
      return "none";
    case Step::Pull:
      return "pull";
    case Step::Create:
      return "create";
    case Step::Start:
      return "start";
    case Step::Stop:
      return "stop";
    case Step::Inspect:
      return "inspect";
    case Step::Remove:
      return "remove";
  }
  return "none";
}

Container* Task::find(std::string_view containerName) {
  for (Container& container : containers) {
    if (container.spec.name == containerName) return &container;
  }
  return nullptr;
}

bool hasOwnNetwork(const acs::Task& payload) { return payload.networkMode == kTaskNetworkMode; }

std::string idOf(const Task& task) { return task.arn.substr(task.arn.rfind('/') + 1); }

bool sharesNamespaces(const acs::Task& payload) {
  return payload.pidMode == "task" || payload.ipcMode == "task";
}

Task makeTask(const acs::Task& payload) {
  Task task;
  task.arn = payload.arn;
  task.spec = payload;
  task.spec.containers.clear();
  task.stopWanted = payload.desiredStatus == "STOPPED";
  if (payload.roleCredentials) task.roleId = payload.roleCredentials->id;
  if (payload.executionCredentials) task.executionRoleId = payload.executionCredentials->id;
  if (sharesNamespaces(payload) && !payload.containers.empty()) {
    Container pause;
    pause.internal = true;
    pause.spec.name = kPauseName;
    pause.spec.image = kPauseImage;
    pause.runtimeName = runtimeName(payload, kPauseName);
    task.containers.push_back(std::move(pause));
  }
  for (const acs::Container& spec : payload.containers) {
    Container container;
    container.spec = spec;
    container.runtimeName = runtimeName(payload, spec.name);
    task.containers.push_back(std::move(container));
  }
  return task;
}

Task makeRefusedTask(const std::string& arn, const std::string& reason, Now now) {
  Task task;
  task.arn = arn;
  task.spec.arn = arn;
  task.stopWanted = true;
  task.reason = reason;
  task.stoppedAt = now.wall;
  task.stoppedSince = now.mono;
  return task;
}

bool mustStop(const Task& task) {
  if (task.stopWanted) return true;
  return std::any_of(task.containers.begin(), task.containers.end(), [](const Container& container) {
    return container.spec.essential && container.known == ContainerStatus::Stopped;
  });
}

std::string runtimeName(const acs::Task& task, const std::string& name) {
  std::string reduced;
  for (char c : name) {
    bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (keep) reduced += c;
  }
  std::string id = task.arn.substr(task.arn.rfind('/') + 1);
  if (id.size() > kIdDigits) id = id.substr(id.size() - kIdDigits);
  // What the runtime's alphabet leaves out may be all that tells two names of a task apart.
  if (reduced != name) id += digest(name);
  return "ecs-" + task.family + "-" + task.version + "-" + reduced + "-" + id;
}

bool hasRun(const Container& container) { return container.startedAt.has_value(); }

bool mayRun(const Container& container) {
  if (container.known == ContainerStatus::Stopped) return false;
  return container.known == ContainerStatus::Running || container.startIntended;
}

bool mayExist(const Container& container) {
  return container.startIntended || container.known >= ContainerStatus::Created;
}

TaskStatus statusOf(const Task& task) {
  bool all_stopped = true;
  bool all_started = true;
  bool essential_stopped = false;
  for (const Container& container : task.containers) {
    bool stopped = container.known == ContainerStatus::Stopped;
    all_stopped &= stopped;
    all_started &= container.known >= ContainerStatus::Running;
    essential_stopped |= stopped && container.spec.essential;
  }
  if (all_stopped) return TaskStatus::Stopped;
  if (all_started && !essential_stopped) return TaskStatus::Running;
  // An essential container that ended does not take back that the task was running.
  return std::max(TaskStatus::Pending, task.sent);
}

void markStopped(Task& task, Container& container, const std::string& reason, Now now) {
  if (container.known == ContainerStatus::Stopped) return;
  container.known = ContainerStatus::Stopped;
  container.pid = 0;
  container.restarting = false;
  container.restartAt.reset();
  container.exited.reset();
  container.ending.reset();
  container.runningSince.reset();
  container.retryAt.reset();
  container.waiting.clear();
  if (container.reason.empty()) container.reason = ecs::cut(reason, ecs::kLongestReason);
  if (container.spec.essential && !task.executionStoppedAt) task.executionStoppedAt = now.wall;
  if (statusOf(task) == TaskStatus::Stopped) {
    if (!task.executionStoppedAt) task.executionStoppedAt = now.wall;
    task.stoppedAt = now.wall;
    task.stoppedSince = now.mono;
  }
}

void observe(Task& task, Container& container, const std::optional<RuntimeContainer>& seen, Now now) {
  container.uncertain = false;
  if (container.known == ContainerStatus::Stopped) return;
  if (!seen) {
    // Before its start was intended a missing container is simply made (again).
    if (container.startIntended || container.known >= ContainerStatus::Running) {
      markStopped(task, container, kVanished, now);
    } else if (container.known == ContainerStatus::Created) {
      container.known = ContainerStatus::Pulled;
      container.runtimeId.clear();
    }
    return;
  }
  container.runtimeId = seen->id;
  advance(container, ContainerStatus::Created);
  if (!seen->ports.empty()) container.ports = seen->ports;
  if (!seen->networks.empty()) container.networks = seen->networks;
  if (!seen->mounts.empty()) container.mounts = seen->mounts;
  if (!seen->imageId.empty()) container.imageId = seen->imageId;
  if (seen->createdAt) container.createdAt = seen->createdAt;
  const bool another_life = seen->startedAt && seen->startedAt != container.startedAt;
  if (container.restarting && !another_life) return;  // its last life, whose end is known
  if (another_life) takeLife(container, *seen->startedAt);
  if (!seen->labels.empty()) container.labels = seen->labels;
  if (container.health != seen->health) container.healthSince = now.wall;
  container.health = seen->health;
  container.healthOutput = seen->healthOutput;
  container.healthExitCode = seen->healthExitCode;
  container.pid = seen->pid;
  if (seen->state == RunState::Running) noteRunning(container, now);
  if (seen->state == RunState::Exited) observeExit(task, container, *seen, now);
}

}  // namespace berth::agent
