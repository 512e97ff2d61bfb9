#include "controller/api/submit_state.hpp"

#include <algorithm>
#include <tuple>

#include "common/text/ip_address.hpp"
#include "controller/api/actions.hpp"
#include "controller/api/task_shape.hpp"
#include "proto/ecs/agent_api.hpp"
#include "proto/ecs/last_lines.hpp"
#include "proto/ecs/task_address.hpp"
#include "proto/ecs/text.hpp"

namespace berth::controller {
namespace {

constexpr size_t kLongestAddressPart = 253;

std::optional<ContainerStatus> containerStatus(const std::string& word) {
  if (word == "PENDING") return ContainerStatus::Pending;
  if (word == "RUNNING") return ContainerStatus::Running;
  if (word == "STOPPED") return ContainerStatus::Stopped;
  return std::nullopt;
}

void setTime(Moment& time, const Json& input, const char* member) {
  if (auto it = input.find(member); it != input.end() && !time) time = fromEpochSeconds(it->get<double>());
}

uint16_t portOf(const Json& binding, const char* member) {
  const auto port = binding.value(member, int64_t{0});
  return port > 0 && port <= UINT16_MAX ? static_cast<uint16_t>(port) : 0;
}

NetworkBinding bindingOf(const Json& binding) {
  NetworkBinding out;
  out.bindIp = text(binding, "bindIP");
  out.containerPort = portOf(binding, "containerPort");
  out.hostPort = portOf(binding, "hostPort");
  out.udp = text(binding, "protocol") == "udp";
  const auto inside = portRange(text(binding, "containerPortRange"));
  const auto outside = portRange(text(binding, "hostPortRange"));
  if (!inside || !outside) return out;
  std::tie(out.containerPort, out.lastContainerPort) = *inside;
  std::tie(out.hostPort, out.lastHostPort) = *outside;
  return out;
}

void stop(Task& task, const std::string& reason, Now now) {
  bool ran = task.startedAt.has_value();
  task.lastStatus = TaskStatus::Stopped;
  task.stoppedAt = now.wall;
  if (!task.stoppingAt) task.stoppingAt = now.wall;
  if (!task.executionStoppedAt) task.executionStoppedAt = now.wall;
  for (TaskContainer& container : task.containers) container.status = ContainerStatus::Stopped;
  // Who asked for the stop has said why; otherwise the task's own end tells it.
  if (!task.stopCode.empty()) return;
  task.stopWanted = true;
  if (ran) {
    task.stopCode = "EssentialContainerExited";
    task.stoppedReason = reason.empty() ? "Essential container in task exited" : reason;
  } else {
    task.stopCode = "TaskFailedToStart";
    task.stoppedReason = reason.empty() ? "Task failed to start" : reason;
  }
}

/// Containers that ran prove that the task did, even if its own RUNNING never arrived.
bool hasRun(const Task& task) {
  for (size_t place = 0; place < task.containers.size(); ++place) {
    if (task.containers[place].exitCode && task.spec->containers[place].essential) return true;
  }
  return false;
}

/// What an agent of Berth tells of a container's output, a line each.
std::string outputOf(const Json& change) {
  const auto found = change.find(ecs::kLastLines);
  if (found == change.end() || found->size() > ecs::kMostLastLines) return {};
  std::string out;
  for (const std::string& line : ecs::tellable(found->get<std::vector<std::string>>())) out += line + "\n";
  return out;
}

/// What an agent of Berth tells of a task that has an address of its own. What is none changes nothing.
void takeAddress(Task& task, const Json& input) {
  const auto told = input.find(ecs::kTaskAddress);
  if (told == input.end() || !told->is_object() || task.spec->subnet.empty()) return;
  Json kept = Json::object();
  for (const char* member :
       {ecs::kPrivateIpv4Address, ecs::kIpv6Address, ecs::kMacAddress, ecs::kPrivateDnsName}) {
    const auto value = told->find(member);
    if (value != told->end() && value->is_string() && *value != "" &&
        value->get_ref<const std::string&>().size() <= kLongestAddressPart)
      kept[member] = *value;
  }
  for (const char* member : {ecs::kPrivateIpv4Address, ecs::kIpv6Address}) {
    if (kept.contains(member) && !parseIpAddress(text(kept, member))) return;
  }
  if (!kept.empty()) task.address = kept.dump();
}

ApiResult<Task> reportedTask(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const Task* task = findTask(context, *cluster, text(context.input, "task"));
  if (!task) return invalidParameter("The referenced task was not found.");
  return *task;
}

/// A STOPPED task changes no more, and of one that waits for a place no agent can know.
bool isDeaf(const Task& task) { return task.lastStatus == TaskStatus::Stopped || task.waits(); }

/// Keeps what a report changed; a report that was heard before changes nothing.
void keep(Context& context, Task task) {
  const Task* before = context.state().task(task.id);
  if (before && *before == task) return;
  ++task.version;
  context.tx.put(std::move(task));
}

Json acknowledgment() { return Json{{"acknowledgment", "ACK"}}; }

}  // namespace

void applyContainerChange(Task& task, const Json& change, Now now) {
  TaskContainer* container = task.find(text(change, "containerName"));
  if (!container || container->status == ContainerStatus::Stopped) return;
  auto status = containerStatus(text(change, "status"));
  if (status) container->status = std::max(container->status, *status);
  if (container->status == ContainerStatus::Stopped) {
    task.causes.add(
        {Cause::Kind::ContainerStopped, now.wall, text(change, "containerName"), outputOf(change)});
  }
  if (change.contains("exitCode")) container->exitCode = change["exitCode"].get<int32_t>();
  if (std::string reason = text(change, "reason"); !reason.empty())
    container->reason = ecs::cut(reason, ecs::kLongestReason);
  if (std::string id = text(change, "runtimeId"); !id.empty())
    container->runtimeId = ecs::cut(id, ecs::kLongestRuntimeId);
  if (std::string digest = text(change, "imageDigest"); !digest.empty()) {
    container->imageDigest = ecs::cut(digest, ecs::kLongestImageDigest);
  }
  const auto bindings = change.find("networkBindings");
  if (bindings == change.end() || bindings->empty()) return;
  container->bindings.clear();
  for (const Json& binding : *bindings) {
    container->bindings.push_back(bindingOf(binding));
  }
}

bool applyTaskStatus(Task& task, const std::string& status, const std::string& reason, Now now) {
  if (task.lastStatus == TaskStatus::Stopped) return false;
  if (status == "STOPPED") {
    if (hasRun(task) && !task.startedAt) task.startedAt = task.pullStoppedAt.value_or(now.wall);
    stop(task, reason, now);
    return true;
  }
  if (status == "RUNNING" && !task.startedAt) {
    task.startedAt = now.wall;
    // A stop that is under way is not undone by the news that the task runs.
    task.lastStatus = task.stopWanted ? TaskStatus::Stopping : TaskStatus::Running;
    return true;
  }
  return false;
}

ApiResult<Json> submitTaskStateChange(Context& context) {
  BERTH_API_TRY(task, reportedTask(context));
  const Json& input = context.input;
  if (isDeaf(task)) return acknowledgment();
  setTime(task.pullStartedAt, input, "pullStartedAt");
  setTime(task.pullStoppedAt, input, "pullStoppedAt");
  setTime(task.executionStoppedAt, input, "executionStoppedAt");
  if (const auto changes = input.find("containers"); changes != input.end()) {
    for (const Json& change : *changes) applyContainerChange(task, change, context.now);
  }
  takeAddress(task, input);
  std::string reason = text(input, "reason");
  applyTaskStatus(task, text(input, "status"), std::string(ecs::cut(reason, ecs::kLongestReason)),
                  context.now);
  keep(context, std::move(task));
  return acknowledgment();
}

ApiResult<Json> submitContainerStateChange(Context& context) {
  BERTH_API_TRY(task, reportedTask(context));
  if (isDeaf(task)) return acknowledgment();
  applyContainerChange(task, context.input, context.now);
  keep(context, std::move(task));
  return acknowledgment();
}

ApiResult<Json> submitAttachmentStateChanges(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  static_cast<void>(cluster);
  // An address comes with its task's state, so a report can only be about what is gone.
  return acknowledgment();
}

}  // namespace berth::controller
