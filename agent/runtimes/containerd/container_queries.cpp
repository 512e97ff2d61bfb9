// Looking at containers, and what the host holds for them.
#include <algorithm>
#include <set>
#include <utility>

#include "agent/runtimes/containerd/containers.hpp"
#include "agent/runtimes/containerd/oci_spec.hpp"
#include "agent/runtimes/containerd/volume_mounts.hpp"
#include "common/aws/crypto.hpp"
#include "proto/json/fields.hpp"

#include <nlohmann/json.hpp>

namespace berth::agent::containerd {
namespace {

std::string descriptionOf(const VolumeSpec& spec) {
  return berth::json::dump({{"options", spec.options}, {"labels", spec.labels}});
}

RuntimeContainer unreadOf(const StoredContainer& stored) {
  RuntimeContainer out;
  out.id = stored.id;
  if (const auto record = decodeRecord(stored.record)) {
    out.name = record->name;
    out.labels = record->labels;
  }
  out.unread = true;
  return out;
}

}  // namespace

/// Keeps how it ended, and then deletes the task, which alone has known it.
Async<Status> Containers::settle(StoredContainer& container, ContainerRecord record, TaskState task) {
  const std::string id = container.id;
  if (!settled_.contains(id)) {
    ExitRecord exit;
    exit.code = static_cast<int>(task.exitStatus);
    exit.oomKilled = oomKilledIn(record.group);
    exit.startedAt = parts_.files.startedAt(id);
    exit.finishedAt = task.exitedAt;
    // Whoever looks at the same time finds this, as the group is gone with the task.
    settled_[id] = encodeExit(exit);
  }
  container.exit = settled_[id];
  const Status kept = co_await parts_.api.keepExit(id, container.exit);
  if (!kept && kept.error().code == Code::NotFound) settled_.erase(id);
  if (!kept && kept.error().code != Code::NotFound) co_return kept;
  Status deleted = co_await parts_.api.deleteTask(id);
  if (deleted) parts_.outputs.end(id);
  co_return deleted;
}

/// What its output and its health need of the agent, which may have been away since the last look.
void Containers::follow(const ContainerRecord& record, RuntimeContainer& seen, bool hasTask) {
  const bool runs = seen.state == RunState::Running;
  if (runs && !record.health.command.empty()) parts_.health.watch(seen.id, record.health, seen.startedAt);
  if (!runs) parts_.health.forget(seen.id);
  parts_.health.describe(seen);
  if (runs) parts_.outputs.hold(seen.id);
  if (seen.state == RunState::Exited && !hasTask) parts_.outputs.end(seen.id);
  const std::string& driver = record.logDriver.name;
  const bool written = seen.state != RunState::Created && !driver.empty() && driver != kNoLog;
  if (written) parts_.shipper.ship(seen.id, record.name, record.logDriver);
}

Async<Result<RuntimeContainer>> Containers::look(StoredContainer container, std::optional<TaskState> task,
                                                 uint64_t network) {
  const auto record = decodeRecord(container.record);
  if (!record) co_return record.error();
  // containerd gives a shim 2 s to tell its state.
  if (task && task->status == TaskStatus::Unknown)
    co_return makeError(Code::DeadlineExceeded, "the shim of container " + record->name + " does not answer");
  if (const auto found = settled_.find(container.id); found != settled_.end() && !task)
    container.exit = found->second;
  if (task && task->status == TaskStatus::Stopped) {
    if (Status settled = co_await settle(container, *record, *task); !settled) co_return settled.error();
  }
  RuntimeContainer out = describe(container, *record, task, parts_.files.startedAt(container.id));
  follow(*record, out, task.has_value());
  putNetwork(out, record->network);
  if (out.state == RunState::Exited && network != 0) {
    // Before its end is told: whoever takes its ports next finds them free.
    const Status released = co_await parts_.networks.release(out.id, network);
    if (!released)
      parts_.log.warn("a network stays for now",
                      {{"container", out.id}, {"error", released.error().message}});
  }
  co_return out;
}

Async<Result<RuntimeContainer>> Containers::lookAgain(std::string id) {
  const uint64_t network = parts_.networks.stamp(id);
  const auto task = co_await parts_.api.task(id);
  if (!task) co_return task.error();
  // After the task: its end is kept before it is deleted.
  const auto container = co_await known(id);
  if (!container) co_return container.error();
  co_return co_await look(*container, *task, network);
}

Async<Result<std::optional<RuntimeContainer>>> Containers::inspect(std::string idOrName) {
  std::optional<RuntimeContainer> out;
  for (const std::string& id : {idOrName, idOf(idOrName)}) {
    if (id.size() > kLongestId) continue;
    auto found = co_await lookAgain(id);
    if (!found && (found.error().code == Code::NotFound || found.error().code == Code::InvalidArgument))
      continue;
    if (!found) co_return found.error();
    out = std::move(*found);
    break;
  }
  co_return out;
}

Async<Result<std::vector<RuntimeContainer>>> Containers::list(std::map<std::string, std::string> labels) {
  const network::Networks::Candidates networks = parts_.networks.candidates();
  const auto tasks = co_await parts_.api.tasks();
  if (!tasks) co_return tasks.error();
  const auto all = co_await parts_.api.containers();
  if (!all) co_return all.error();
  std::map<std::string, TaskState> byId;
  for (const TaskState& task : *tasks) byId.emplace(task.id, task);
  std::vector<RuntimeContainer> out;
  for (const StoredContainer& stored : *all) {
    const auto record = decodeRecord(stored.record);
    if (!record || !std::ranges::includes(record->labels, labels)) continue;
    std::optional<TaskState> task;
    if (const auto its = byId.find(stored.id); its != byId.end()) task = its->second;
    // A shim that does not answer is left out of the list: its container is asked for by itself.
    const bool open = stored.exit.empty() && parts_.files.startedAt(stored.id);
    const bool unsure = task ? task->status == TaskStatus::Unknown : open;
    const auto found = networks.find(stored.id);
    const uint64_t network = found == networks.end() ? 0 : found->second;
    auto one = unsure ? co_await lookAgain(stored.id) : co_await look(stored, std::move(task), network);
    if (!one && one.error().code == Code::Unavailable) co_return one.error();
    if (!one && one.error().code == Code::NotFound) continue;
    out.push_back(one ? std::move(*one) : unreadOf(stored));
  }
  co_return out;
}

Async<Result<std::vector<ContainerUse>>> Containers::uses(bool sizes) {
  const auto all = co_await list({});
  if (!all) co_return all.error();
  std::vector<ContainerUse> out;
  for (const RuntimeContainer& from : *all) {
    ContainerUse use{from.id, from.imageId, from.name, from.labels};
    use.stopped = !from.unread && from.state != RunState::Running;
    use.createdAt = from.createdAt.value_or(WallTime());
    if (sizes && use.stopped) {
      const auto bytes = co_await parts_.api.snapshotBytes(parts_.snapshotter, from.id);
      use.bytes = (bytes ? *bytes : 0) + parts_.outputs.bytes(from.id);
    }
    out.push_back(std::move(use));
  }
  co_return out;
}

Async<Result<std::monostate>> Containers::ensureVolume(VolumeSpec spec) {
  if (!spec.driver.empty() && spec.driver != "local") {
    co_return makeError(Code::Unimplemented,
                        "volume driver " + spec.driver + " is not supported by the containerd runtime");
  }
  if (const auto mount = volumeMount(spec.options); !mount) co_return mount.error().in("volume " + spec.name);
  const auto there = parts_.files.volume(spec.name);
  if (!there && spec.mustExist) co_return makeError(Code::NotFound, "No such volume: " + spec.name);
  if (there && spec.mustMatch && *there != descriptionOf(spec)) {
    co_return makeError(Code::FailedPrecondition,
                        "volume " + spec.name + " exists with another driver, other options or other labels");
  }
  if (there) co_return std::monostate{};
  if (Status made = parts_.files.makeVolume(spec.name, descriptionOf(spec)); !made) co_return made.error();
  co_return std::monostate{};
}

Async<Result<std::monostate>> Containers::removeVolume(std::string name) {
  if (!parts_.files.volume(name)) co_return std::monostate{};
  const auto all = co_await parts_.api.containers();
  if (!all) co_return all.error();
  for (const StoredContainer& one : *all) {
    const auto record = decodeRecord(one.record);
    const auto uses = [&](const KeptMount& mount) { return mount.volume == name; };
    if (record && std::ranges::any_of(record->mounts, uses)) {
      co_return makeError(Code::FailedPrecondition,
                          "volume " + name + " is in use by container " + record->name);
    }
  }
  if (Status removed = parts_.files.removeVolume(name); !removed) co_return removed.error();
  co_return std::monostate{};
}

Async<Result<std::monostate>> Containers::removeImage(StoredImage image) {
  const auto all = co_await parts_.api.containers();
  if (!all) co_return all.error();
  for (const StoredContainer& one : *all) {
    const auto record = decodeRecord(one.record);
    if (record && record->imageId == image.id) {
      co_return makeError(Code::FailedPrecondition,
                          "image " + image.id + " is in use by container " + record->name);
    }
  }
  if (Status removed = co_await parts_.images.remove(std::move(image)); !removed) co_return removed.error();
  co_return std::monostate{};
}

Async<Result<std::string>> Containers::commandOf(std::string id, Command command) {
  const auto container = co_await known(id);
  if (!container) co_return container.error();
  const auto task = co_await parts_.api.task(id);
  if (!task) co_return task.error();
  if (!*task || (*task)->status != TaskStatus::Running)
    co_return makeError(Code::FailedPrecondition, "the container does not run");
  CommandWish wish{std::move(command.arguments), std::nullopt, command.terminal};
  if (!command.user.empty()) {
    const auto mounts = co_await parts_.api.mounts(container->snapshotter, id);
    if (!mounts) co_return mounts.error();
    const RootView root(*mounts);
    auto user = userIds(command.user, {}, root.read("/etc/passwd").value_or(""),
                        root.read("/etc/group").value_or(""));
    if (!user) co_return user.error();
    wish.user = std::move(*user);
  }
  co_return commandSpec(container->spec, wish);
}

Async<bool> Containers::concerns(std::string id, std::string label) {
  const auto found = co_await lookAgain(std::move(id));
  co_return found && found->labels.contains(label);
}

}  // namespace berth::agent::containerd
