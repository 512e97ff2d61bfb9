// Creating, starting, stopping and removing.
#include "agent/runtimes/containerd/containers.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "agent/runtimes/containerd/oci_spec.hpp"
#include "agent/runtimes/docker/translate.hpp"
#include "common/aws/crypto.hpp"
#include "common/ids/id.hpp"
#include "proto/docker/create_body.hpp"

namespace berth::agent::containerd {
namespace {

constexpr const char* kShim = "io.containerd.runc.v2";
constexpr uint32_t kKill = 9;
constexpr size_t kShortId = 12;
constexpr size_t kRunName = 8;
constexpr Duration kKeeperTakes = std::chrono::seconds(2);

/// The words of Amazon's agent for a step that took too long.
Error overdue(const Error& error, const std::string& step, Duration limit) {
  if (error.code != Code::DeadlineExceeded) return error;
  return makeError(Code::DeadlineExceeded,
                   "Could not transition to " + step + "; timed out after waiting " + formatDuration(limit));
}

Result<ContainerWish> wishOf(const ContainerSpec& spec) {
  const auto body = toCreateBody(spec);
  if (!body) return body.error();
  const auto text = docker::encodeCreateBody(*body);
  if (!text) return text.error();
  return decodeWish(*text);
}

Result<std::vector<HostDevice>> devicesOf(const ContainerWish& wish) {
  if (wish.privileged) return allHostDevices();
  std::vector<HostDevice> out;
  for (const DeviceWish& one : wish.devices) {
    auto device = hostDevice(one);
    if (!device) return device.error();
    out.push_back(std::move(*device));
  }
  return out;
}

Result<SpecSite> siteOf(const std::string& id, const ContainerWish& wish, const ImageDefaults& image,
                        const RootView& root) {
  SpecSite out;
  out.id = id;
  const bool hosts = wish.networkMode == "host" || wish.hostUts;
  out.hostname = !wish.hostname.empty() ? wish.hostname : hosts ? hostName() : id.substr(0, kShortId);
  auto user = userIds(wish.user.empty() ? image.user : wish.user, wish.groups,
                      root.read("/etc/passwd").value_or(""), root.read("/etc/group").value_or(""));
  if (!user) return user.error();
  out.user = std::move(*user);
  auto devices = devicesOf(wish);
  if (!devices) return devices.error();
  out.devices = std::move(*devices);
  out.machine = machine();
  out.unified = unifiedGroups();
  out.limitsSwap = limitsSwap();
  out.withSeccomp = hasSeccomp();
  if (wish.init) {
    auto program = initProgram();
    if (!program) return program.error();
    out.init = std::move(*program);
  }
  if (!wish.appArmor.empty() && !hasAppArmor()) {
    return makeError(Code::FailedPrecondition,
                     "dockerSecurityOptions apparmor:" + wish.appArmor + ": this host has no AppArmor");
  }
  return out;
}

}  // namespace

std::string idOf(const std::string& name) { return aws::sha256Hex(name); }

Async<Result<std::vector<Bind>>> Containers::mountsOf(ContainerWish wish,
                                                      std::vector<std::string> imageVolumes,
                                                      const RootView& root, ContainerRecord& record) {
  std::vector<KeptMount>& kept = record.mounts;
  const auto taken = [&kept](const std::string& place) {
    return std::ranges::any_of(kept, [&](const KeptMount& mount) { return mount.destination == place; });
  };
  for (const Bind& bind : wish.binds) {
    const bool volume = !bind.source.starts_with('/');
    if (volume && root.hasEntries(bind.destination)) {
      co_return makeError(Code::Unimplemented,
                          "volume " + bind.source + " at " + bind.destination +
                              ": the image has files there, and copying them into a volume is "
                              "not supported by the containerd runtime");
    }
    if (volume && !parts_.files.volume(bind.source)) {
      if (Status made = parts_.files.makeVolume(bind.source, "{}"); !made) co_return made.error();
    }
    std::string source = volume ? parts_.files.volumePath(bind.source) : bind.source;
    std::error_code ignored;
    if (!volume && !std::filesystem::exists(source, ignored))
      std::filesystem::create_directories(source, ignored);
    kept.push_back(
        KeptMount{volume ? bind.source : "", std::move(source), bind.destination, bind.readOnly, false});
  }
  for (const std::string& from : wish.volumesFrom) {
    const size_t colon = from.find(':');
    const auto other = co_await known(idOf(from.substr(0, colon)));
    if (!other) co_return other.error().in("volumesFrom");
    const auto theirs = decodeRecord(other->record);
    if (!theirs) co_return theirs.error();
    const bool readOnly = colon != std::string::npos && from.substr(colon + 1) == "ro";
    for (KeptMount mount : theirs->mounts) {
      if (taken(mount.destination)) continue;
      mount.readOnly = mount.readOnly || readOnly;
      mount.anonymous = false;
      kept.push_back(std::move(mount));
    }
  }
  std::vector<std::string> places = wish.volumes;
  // An image's own volume that holds files stays a part of the container's layer, and goes with it.
  for (const std::string& place : imageVolumes) {
    if (!root.hasEntries(place)) places.push_back(place);
  }
  for (const std::string& place : places) {
    if (taken(place) || wish.tmpfs.contains(place)) continue;
    if (root.hasEntries(place)) {
      co_return makeError(Code::Unimplemented,
                          "a volume at " + place +
                              ": the image has files there, and copying "
                              "them into a volume is not supported by the containerd runtime");
    }
    const std::string name = randomHex(parts_.random, 32);
    if (Status made = parts_.files.makeVolume(name, "{}"); !made) co_return made.error();
    kept.push_back(KeptMount{name, parts_.files.volumePath(name), place, false, true});
  }
  std::vector<Bind> out;
  for (const KeptMount& mount : kept) out.push_back(Bind{mount.source, mount.destination, mount.readOnly});
  co_return out;
}

Async<Result<std::string>> Containers::create(ContainerSpec spec) {
  auto wish = wishOf(spec);
  if (!wish) co_return wish.error();
  const auto image = co_await parts_.images.forRunning(spec.image);
  if (!image) co_return image.error();
  StoredContainer wanted;
  wanted.id = idOf(spec.name);
  wanted.image = image->name;
  wanted.runtime = kShim;
  wanted.binary = wish->runtime.empty() ? parts_.ociRuntime : wish->runtime;
  wanted.snapshotter = parts_.snapshotter;
  ContainerRecord record;
  record.name = spec.name;
  record.labels = wish->labels;
  record.imageId = image->id;
  record.chain = image->chain;
  record.group = groupPathOf(*wish, wanted.id);
  record.log = wish->log;
  record.network = KeptNetwork{wish->networkMode, "", wish->ports, wish->links, wish->taskNetwork};
  record.logDriver = wish->logDriver;
  record.health = wish->health;
  const ImageDefaults& defaults = image->config.defaults;
  const std::string& signal = wish->stopSignal.empty() ? defaults.stopSignal : wish->stopSignal;
  const auto number = signalNumber(signal);
  if (!number) co_return makeError(Code::InvalidArgument, "\"" + signal + "\" is not a signal");
  record.stopSignal = *number;
  // Its files are made before it: whoever finds it finds it whole. What a crash leaves here is used the next
  // time. Only where there are some may the container be there, too.
  auto snapshot = co_await parts_.api.prepareSnapshot(wanted.snapshotter, wanted.id, record.chain);
  if (!snapshot && snapshot.error().code == Code::AlreadyExists) {
    const auto present = co_await parts_.api.container(wanted.id);
    if (!present) co_return present.error();
    if (*present) co_return co_await place(Fresh{std::move(wanted), std::move(record)});
    snapshot = co_await parts_.api.mounts(wanted.snapshotter, wanted.id);
  }
  if (!snapshot) co_return snapshot.error();
  passed(spec.name, StartStep::Snapshot);
  const RootView root(*snapshot);
  auto site = siteOf(wanted.id, *wish, defaults, root);
  if (!site) co_return site.error();
  if (SeccompFilters::takenBy(wanted.binary)) site->filters = &filters_;
  auto mounts = co_await mountsOf(*wish, image->config.volumes, root, record);
  if (!mounts) {
    removeVolumes(record);
    co_return mounts.error();
  }
  if (Status put = putTaskNetwork(*site, *wish); !put) co_return put.error();
  auto files = parts_.files.prepare(wanted.id, *wish, site->hostname);
  if (!files) co_return files.error();
  record.network.hostname = site->hostname;
  putSpaces(*wish, *site, record.start);
  if (wish->networkMode == "bridge") site->networkNamespace = parts_.networks.namespacePath(wanted.id);
  site->mounts = std::move(*files);
  site->mounts.insert(site->mounts.end(), mounts->begin(), mounts->end());
  const auto text = ociSpec(*wish, defaults, *site);
  if (!text) {
    removeVolumes(record);
    co_return text.error();
  }
  wanted.spec = *text;
  co_return co_await place(Fresh{std::move(wanted), std::move(record)});
}

Async<Result<std::string>> Containers::place(Fresh container) {
  StoredContainer& wanted = container.stored;
  const ContainerRecord& record = container.record;
  if (!wanted.spec.empty()) {
    wanted.record = encodeRecord(record);
    const auto created = co_await parts_.api.createContainer(wanted);
    if (created) {
      const std::string id = wanted.id;
      wanted.createdAt = *created;
      wanted.spec = std::string();
      fresh_.insert_or_assign(id, std::move(container));
      co_return id;
    }
    removeVolumes(record);
    if (created.error().code != Code::AlreadyExists) {
      co_return overdue(created.error(), "creating container", parts_.api.deadlines().create);
    }
  }
  const auto there = co_await known(wanted.id);
  if (!there) co_return there.error();
  const auto its = decodeRecord(there->record);
  if (!its) co_return its.error();
  // Ours, if the answer to an earlier request was lost; somebody else's must not be taken for it.
  if (!std::ranges::includes(its->labels, record.labels)) {
    co_return makeError(Code::FailedPrecondition, "the container name " + record.name + " is already in use");
  }
  co_return wanted.id;
}

/// The snapshot is made when it is missing, whichever step a crash came between.
Async<Result<std::vector<SnapshotMount>>> Containers::rootOf(StoredContainer container, std::string chain) {
  auto prepared = co_await parts_.api.prepareSnapshot(container.snapshotter, container.id, std::move(chain));
  if (prepared || prepared.error().code != Code::AlreadyExists) co_return prepared;
  co_return co_await parts_.api.mounts(container.snapshotter, container.id);
}

Async<Result<StoredContainer>> Containers::known(std::string id) {
  auto found = co_await parts_.api.container(id);
  if (!found) co_return overdue(found.error(), "inspecting container", parts_.api.deadlines().inspect);
  if (!*found) co_return makeError(Code::NotFound, "No such container: " + id);
  co_return std::move(**found);
}

/// What an earlier run has left in its pipes is in the log first; where no keeper comes to that, the new run
/// does not wait for it.
Async<Status> Containers::openOutput(std::string id, LogLimits limits) {
  constexpr Duration kLook = std::chrono::milliseconds(5);
  for (Duration waited{}; waited < kKeeperTakes && parts_.outputs.ending(id); waited += kLook)
    co_await sleepFor(kLook);
  co_return parts_.outputs.begin(id, randomHex(parts_.random, kRunName), limits);
}

Async<Result<TaskStreams>> Containers::openStreams(std::string id, ContainerRecord record) {
  TaskStreams out;
  out.terminal = record.start.terminal;
  if (record.start.openInput) {
    if (Status opened = parts_.outputs.openInput(id); !opened) co_return opened.error();
    out.input = parts_.outputs.standardInput(id);
  }
  if (record.logDriver.name == kNoLog) co_return out;
  if (Status opened = co_await openOutput(id, record.log); !opened) co_return opened.error();
  out.output = parts_.outputs.standardOutput(id);
  out.errors = parts_.outputs.standardError(id);
  co_return out;
}

Async<Result<uint32_t>> Containers::runTask(Fresh from) {
  const StoredContainer& container = from.stored;
  // Until the container was there, containerd's garbage collection may have taken the snapshot.
  auto root = co_await parts_.api.mounts(container.snapshotter, container.id);
  if (!root && root.error().code == Code::NotFound) root = co_await rootOf(container, from.record.chain);
  if (!root) co_return root.error();
  if (Status prepared = co_await prepareHost(container.id, from.record); !prepared)
    co_return prepared.error();
  const auto streams = co_await openStreams(container.id, from.record);
  if (!streams) co_return streams.error();
  const Status created = co_await parts_.api.createTask(container, *root, *streams);
  if (!created && created.error().code == Code::Internal) {
    // The OCI runtime refuses what it is to run.
    co_return makeError(Code::InvalidArgument, created.error().message);
  }
  if (!created && created.error().code != Code::AlreadyExists) co_return created.error();
  passed(from.record.name, StartStep::ShimUp);
  // Before it runs: one that ends at once has been started all the same.
  if (Status marked = parts_.files.markStarted(container.id); !marked) co_return marked.error();
  const auto started = co_await parts_.api.startTask(container.id);
  if (started) {
    passed(from.record.name, StartStep::Started);
    co_return *started;
  }
  const auto task = co_await parts_.api.task(container.id);
  // The answer got lost, or another start was quicker.
  if (task && *task && (*task)->status != TaskStatus::Created) co_return 0;
  if (task && started.error().code != Code::Unavailable) {
    parts_.files.unmarkStarted(container.id);
    (co_await parts_.api.deleteTask(container.id)).ok();
  }
  if (started.error().code == Code::Internal)
    co_return makeError(Code::InvalidArgument, started.error().message);
  co_return started.error();
}

Async<Result<uint32_t>> Containers::joinAndRun(Fresh container, bool created) {
  const std::string id = container.stored.id;
  const network::Networks::Hold hold(parts_.networks, id);
  const Status joined = co_await join(id, container.record, created);
  Result<uint32_t> started = 0;
  if (!joined) started = joined.error();
  if (joined) {
    if (parts_.networks.find(id)) passed(container.record.name, StartStep::Network);
    started = co_await runTask(std::move(container));
  }
  if (started) co_return started;
  // As long as nobody knows whether it runs, it keeps its network; what is left over is swept later.
  const auto task = co_await parts_.api.task(id);
  if (task && !*task) {
    const Status released = co_await parts_.networks.release(id);
    if (!released)
      parts_.log.warn("a network stays for now", {{"container", id}, {"error", released.error().message}});
  }
  co_return started;
}

Async<Result<RuntimeContainer>> Containers::begin(Fresh container, bool created) {
  const StoredContainer stored = container.stored;
  const auto started = co_await joinAndRun(std::move(container), created);
  if (!started) co_return overdue(started.error(), "starting container", parts_.api.deadlines().start);
  if (*started > 0 && !settled_.contains(stored.id)) {
    // The answer says that it runs; should it have ended since, an event tells, as of any other.
    TaskState runs;
    runs.id = stored.id;
    runs.pid = *started;
    runs.status = TaskStatus::Running;
    co_return co_await look(stored, std::move(runs), 0);
  }
  auto seen = co_await lookAgain(stored.id);
  if (!seen && seen.error().code != Code::NotFound) {
    // Whatever kept us from looking, the start itself has succeeded.
    co_return makeError(Code::Unavailable, seen.error().in("the container was started").message);
  }
  co_return seen;
}

Async<Result<RuntimeContainer>> Containers::start(std::string id) {
  if (auto fresh = fresh_.extract(id); !fresh.empty()) {
    co_return co_await begin(std::move(fresh.mapped()), false);
  }
  const auto container = co_await known(id);
  if (!container) co_return container.error();
  const auto record = decodeRecord(container->record);
  if (!record) co_return record.error();
  const auto task = co_await parts_.api.task(id);
  if (!task) co_return task.error();
  const bool runs =
      *task && ((*task)->status == TaskStatus::Running || (*task)->status == TaskStatus::Paused);
  if (runs || (*task && (*task)->status == TaskStatus::Unknown))
    co_return co_await look(*container, *task, 0);
  if (*task && (*task)->status == TaskStatus::Stopped) {
    if (Status cleared = co_await parts_.api.deleteTask(id); !cleared) co_return cleared.error();
  }
  settled_.erase(id);
  Fresh again{*container, *record};
  if (!container->exit.empty()) {
    if (Status cleared = co_await parts_.api.keepExit(id, ""); !cleared) co_return cleared.error();
    again.stored.exit.clear();
  }
  const bool created = *task && (*task)->status == TaskStatus::Created;
  co_return co_await begin(std::move(again), created);
}

Async<Status> Containers::endTask(std::string id, uint32_t signal, Duration timeout) {
  const auto gone = [](const Status& status) { return !status && status.error().code == Code::NotFound; };
  if (timeout > Duration::zero()) {
    const Status asked = co_await parts_.api.kill(id, signal, false);
    if (gone(asked)) co_return Status();
    if (!asked) co_return asked;
    const Status ended = co_await parts_.api.waitTask(id, timeout);
    if (ended || gone(ended)) co_return Status();
    if (ended.error().code != Code::DeadlineExceeded) co_return ended;
  }
  const Status killed = co_await parts_.api.kill(id, kKill, true);
  if (!killed && !gone(killed)) co_return killed;
  const Status ended = co_await parts_.api.waitTask(id, parts_.api.deadlines().stopGrace);
  co_return gone(ended) ? Status() : ended;
}

Async<Result<RuntimeContainer>> Containers::stop(std::string id, Duration timeout) {
  const auto container = co_await known(id);
  if (!container) co_return container.error();
  const auto record = decodeRecord(container->record);
  if (!record) co_return record.error();
  const auto task = co_await parts_.api.task(id);
  if (!task) co_return task.error();
  if (*task && (*task)->status == TaskStatus::Created) {
    const Status ended = co_await endTask(id, kKill, Duration::zero());
    if (!ended) co_return ended.error();
    if (Status deleted = co_await parts_.api.deleteTask(id); !deleted) co_return deleted.error();
    parts_.outputs.end(id);
    parts_.files.unmarkStarted(id);
    if (Status released = co_await parts_.networks.release(id); !released) co_return released.error();
  } else if (*task && (*task)->status != TaskStatus::Stopped) {
    const Status ended = co_await endTask(id, record->stopSignal, timeout);
    if (!ended)
      co_return overdue(ended.error(), "stopping container", timeout + parts_.api.deadlines().stopGrace);
  }
  co_return co_await lookAgain(std::move(id));
}

/// By its id or its name: of a create whose answer was lost nobody knows the id.
Async<Result<std::monostate>> Containers::remove(std::string id, bool force) {
  Result<std::optional<StoredContainer>> found = std::optional<StoredContainer>();
  if (id.size() <= kLongestId) found = co_await parts_.api.container(id);
  if (found && !*found) {
    id = idOf(id);
    found = co_await parts_.api.container(id);
  }
  if (!found) co_return overdue(found.error(), "removing container", parts_.api.deadlines().inspect);
  if (!*found) co_return std::monostate{};
  const auto task = co_await parts_.api.task(id);
  if (!task) co_return task.error();
  if (*task && (*task)->status != TaskStatus::Stopped) {
    if (!force) {
      co_return makeError(Code::FailedPrecondition,
                          "the container " + id + " runs: stop it before removing it");
    }
    if (Status ended = co_await endTask(id, kKill, Duration::zero()); !ended) co_return ended.error();
  }
  if (*task) {
    if (Status deleted = co_await parts_.api.deleteTask(id); !deleted) co_return deleted.error();
  }
  const Status released = co_await parts_.networks.release(id);
  if (!released)
    parts_.log.warn("a network stays for now", {{"container", id}, {"error", released.error().message}});
  // The container goes last: as long as it is there, a removal that was broken off can be found and repeated.
  Status removed = co_await parts_.api.removeSnapshot((*found)->snapshotter, id);
  if (!removed) co_return removed.error();
  if (const auto record = decodeRecord((*found)->record)) removeVolumes(*record);
  parts_.files.remove(id);
  parts_.shipper.forget(id);
  parts_.health.forget(id);
  parts_.outputs.remove(id);
  settled_.erase(id);
  linked_.erase(id);
  fresh_.erase(id);
  removed = co_await parts_.api.removeContainer(id);
  if (!removed) co_return overdue(removed.error(), "removing container", parts_.api.deadlines().remove);
  co_return std::monostate{};
}

void Containers::removeVolumes(const ContainerRecord& record) {
  for (const KeptMount& mount : record.mounts) {
    if (!mount.anonymous) continue;
    const Status removed = parts_.files.removeVolume(mount.volume);
    if (!removed)
      parts_.log.warn("a volume stays", {{"volume", mount.volume}, {"error", removed.error().message}});
  }
}

}  // namespace berth::agent::containerd
