#include "agent/runtimes/containerd/containerd_runtime.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <set>
#include <stop_token>
#include <utility>

#include "agent/runtimes/containerd/container_process.hpp"
#include "agent/runtimes/containerd/containers.hpp"
#include "agent/runtimes/containerd/host_files.hpp"
#include "agent/runtimes/containerd/images.hpp"
#include "agent/runtimes/containerd/kept_streams.hpp"
#include "agent/runtimes/docker/image_store.hpp"
#include "agent/runtimes/docker/translate.hpp"
#include "common/async/event.hpp"
#include "common/ids/random.hpp"

namespace berth::agent {
namespace {

constexpr Duration kShortestPause = std::chrono::milliseconds(250);
constexpr Duration kLongestPause = std::chrono::seconds(10);
constexpr Duration kKeeperLook = std::chrono::milliseconds(100);
constexpr size_t kCommandName = 16;
constexpr Duration kBetweenSweeps = std::chrono::seconds(15);
constexpr const char* kDeleted = "/containers/delete";

/// "/tasks/exit" -> "exit"
std::string actionOf(const std::string& topic) { return topic.substr(topic.rfind('/') + 1); }

}  // namespace

/// Shared by the runtime and its coroutines, which outlive it by the time they need to notice `stop`.
struct ContainerdRuntime::Core : std::enable_shared_from_this<ContainerdRuntime::Core> {
  Core(Executor on, Means with, std::string socket, std::unique_ptr<network::Networks> joined,
       std::optional<signatures::ImagePolicy> policy, ContainerdOptions given)
      : executor(std::move(on)),
        means(with),
        options(std::move(given)),
        api(means.client, std::move(socket), options.nameSpace, options.deadlines, stop.get_token()),
        files(options.folder),
        outputs(std::make_shared<containerd::Outputs>(options.folder + "/logs")),
        shipper(std::make_shared<containerd::LogShipper>(containerd::LogShipper::Parts{
            executor, means.log, means.random, outputs, means.awsLogs, stop.get_token()})),
        networks(std::move(joined)),
        health(std::make_shared<containerd::HealthChecks>(healthParts())),
        images(containerd::Images::Parts{api, means.client, means.images ? *means.images : ownMemory,
                                         means.clock, means.random, means.log, options.snapshotter,
                                         options.folder, options.registries, std::move(policy),
                                         options.onDiskFull},
               options.pulls, options.blobs, launcher(), stop.get_token()),
        containers(containerd::Containers::Parts{api, images, files, *outputs, *shipper, *networks, *health,
                                                 means.random, means.log, options.snapshotter,
                                                 options.ociRuntime, options.onStart}) {}

  Launch launcher() {
    return [this](std::string name, std::function<Async<void>()> body) {
      spawn(executor, means.log, std::move(name),
            [core = shared_from_this(), body = std::move(body)]() -> Async<void> { co_await body(); });
    };
  }

  Async<Result<RuntimeInfo>> info();
  Async<Result<DiskState>> disk();
  Async<Result<std::shared_ptr<ContainerProcess>>> exec(ExecSpec spec);
  Async<Result<RuntimeContainer>> start(std::string id);
  void tellOf(std::string id, std::string action);
  Async<void> watchKeeper();
  Async<void> keepSweeping();
  containerd::HealthChecks::Parts healthParts();
  Async<void> watch(std::string label, std::function<void(RuntimeEvent)> listener);
  Async<Error> follow(std::string label, std::function<void(RuntimeEvent)> listener);
  Async<void> passOn(std::string label, std::shared_ptr<std::deque<containerd::TaskEvent>> events,
                     std::shared_ptr<Event> more, std::stop_token over);

  Executor executor;
  Means means;
  ContainerdOptions options;
  std::stop_source stop;
  containerd::Api api;
  containerd::HostFiles files;
  std::shared_ptr<containerd::Outputs> outputs;
  std::shared_ptr<containerd::LogShipper> shipper;
  std::unique_ptr<network::Networks> networks;
  std::shared_ptr<containerd::HealthChecks> health;
  std::function<void(RuntimeEvent)> subscriber;  ///< empty: there is none yet
  std::string wantedLabel;                       ///< that it asked for
  /// Those that are known to carry the label: one that is gone can't be asked any more.
  std::set<std::string> labelled;
  /// Containers started here: that is told with the answer, and not once more when the event comes.
  std::set<std::string> startedHere;
  ImageMemory ownMemory;
  containerd::Images images;
  containerd::Containers containers;
};

Async<Result<RuntimeInfo>> ContainerdRuntime::Core::info() {
  const auto version = co_await api.version();
  if (!version) co_return version.error();
  if (Status made = co_await api.ensureNamespace(); !made) co_return made.error();
  const auto root = co_await api.snapshotterRoot(options.snapshotter);
  if (!root) co_return root.error();
  RuntimeInfo out;
  out.version = *version;
  // What is created is said in the words of Docker's API.
  out.apiVersion = "1.41";
  out.minApiVersion = "1.17";
  out.loggingDrivers = {"fluentd", "journald", "json-file", "none", "syslog"};
  if (means.awsLogs) out.loggingDrivers.insert(out.loggingDrivers.begin(), "awslogs");
  co_return out;
}

Async<Result<DiskState>> ContainerdRuntime::Core::disk() {
  const auto root = co_await api.snapshotterRoot(options.snapshotter);
  if (!root) co_return root.error();
  co_return diskAt(*root);
}

Async<Result<std::shared_ptr<ContainerProcess>>> ContainerdRuntime::Core::exec(ExecSpec spec) {
  const auto self = shared_from_this();
  const auto process = co_await containers.commandOf(spec.container, {spec.command, spec.user, spec.tty});
  if (!process) co_return process.error();
  containerd::CommandMeans with{self, executor, api, means.log, options.folder + "/commands"};
  containerd::CommandPlan plan{
      {spec.container, "berth-" + randomHex(means.random, kCommandName)}, *process, spec.tty, spec.input};
  co_return co_await containerd::startCommand(std::move(with), std::move(plan));
}

containerd::HealthChecks::Parts ContainerdRuntime::Core::healthParts() {
  return {executor,
          means.log,
          means.clock,
          [this](ExecSpec spec) { return exec(std::move(spec)); },
          [this](std::string id) { tellOf(std::move(id), "health_status"); },
          stop.get_token()};
}

Async<void> ContainerdRuntime::Core::watchKeeper() {
  const auto self = shared_from_this();
  containerd::KeeperWatch keeper(outputs->folder(), options.keeper, means.log);
  do {
    keeper.look(means.clock.now().mono);
    outputs->release();
  } while (co_await sleepFor(kKeeperLook, stop.get_token()));
}

/// In Docker's words.
void ContainerdRuntime::Core::tellOf(std::string id, std::string action) {
  if (!subscriber || stop.stop_requested()) return;
  RuntimeEvent changed;
  changed.containerId = std::move(id);
  changed.detail = std::move(action);
  subscriber(std::move(changed));
}

Async<Result<RuntimeContainer>> ContainerdRuntime::Core::start(std::string id) {
  const auto self = shared_from_this();
  startedHere.insert(id);
  auto started = co_await containers.start(id);
  if (!started) startedHere.erase(id);
  if (started && started->labels.contains(wantedLabel)) {
    labelled.insert(id);
    tellOf(id, "start");
  }
  co_return started;
}

/// An event is told after its container was looked at: how it ended is kept by then.
Async<void> ContainerdRuntime::Core::passOn(std::string label,
                                            std::shared_ptr<std::deque<containerd::TaskEvent>> events,
                                            std::shared_ptr<Event> more, std::stop_token over) {
  while (!over.stop_requested()) {
    if (events->empty()) {
      more->reset();
      co_await more->wait();
      continue;
    }
    const containerd::TaskEvent event = std::move(events->front());
    events->pop_front();
    const std::string action = actionOf(event.topic);
    if (action == "start" && startedHere.erase(event.containerId) > 0) continue;
    if (action != "delete" && co_await containers.concerns(event.containerId, label)) {
      labelled.insert(event.containerId);
    }
    if (!labelled.contains(event.containerId) || stop.stop_requested()) continue;
    if (action == "delete") labelled.erase(event.containerId);
    tellOf(event.containerId, action == "exit" ? "die" : action == "delete" ? "destroy" : action);
  }
}

Async<Error> ContainerdRuntime::Core::follow(std::string label, std::function<void(RuntimeEvent)> listener) {
  const auto events = std::make_shared<std::deque<containerd::TaskEvent>>();
  const auto more = std::make_shared<Event>();
  std::stop_source over;
  labelled.clear();
  startedHere.clear();
  const auto opened = [this, listener] {
    RuntimeEvent connected;
    connected.kind = RuntimeEvent::Kind::Connected;
    listener(connected);
    launcher()("containerd networks", [this] { return containers.sweepNetworks(); });
  };
  launcher()("containerd events", [this, label, events, more, token = over.get_token()] {
    return passOn(label, events, more, token);
  });
  const Error ended = co_await api.events(launcher(), opened, [events, more](containerd::TaskEvent event) {
    const std::string action = actionOf(event.topic);
    // A task's deletion is no change: its end was. A container's is.
    const bool told = event.topic == kDeleted || action == "start" || action == "exit" || action == "oom";
    if (event.ofExec || !told) return;
    events->push_back(std::move(event));
    more->set();
  });
  over.request_stop();
  more->set();
  co_return ended;
}

/// Until what plugins would not undo is undone: its ports are held meanwhile.
Async<void> ContainerdRuntime::Core::keepSweeping() {
  while (co_await sleepFor(kBetweenSweeps, stop.get_token())) {
    if (networks->hasLeftovers()) co_await containers.sweepNetworks();
  }
}

Async<void> ContainerdRuntime::Core::watch(std::string label, std::function<void(RuntimeEvent)> listener) {
  launcher()("containerd networks", [this] { return keepSweeping(); });
  const auto tell = [this, listener = std::move(listener)](RuntimeEvent event) {
    if (!stop.stop_requested()) listener(std::move(event));
  };
  Duration wait = kShortestPause;
  while (!stop.stop_requested()) {
    const MonoTime began = means.clock.now().mono;
    const Error ended = co_await follow(label, tell);
    if (stop.stop_requested()) co_return;
    RuntimeEvent disconnected;
    disconnected.kind = RuntimeEvent::Kind::Disconnected;
    disconnected.detail = ended.message;
    tell(disconnected);
    if (means.clock.now().mono - began >= kLongestPause) wait = kShortestPause;
    const auto pause = std::chrono::duration_cast<Duration>(wait * (1 - means.random.uniform() / 2));
    means.log.warn("no events from containerd",
                   {{"error", ended.message}, {"retry_in", formatDuration(pause)}});
    co_await sleepFor(pause, stop.get_token());
    wait = std::min(wait * 2, kLongestPause);
  }
}

Result<std::unique_ptr<ContainerdRuntime>> ContainerdRuntime::make(Executor executor, Means means,
                                                                   ContainerdOptions options) {
  Result<std::string> socket = socketPath(options.socket);
  if (!socket) return socket.error();
  std::error_code fault;
  std::filesystem::create_directories(options.folder, fault);
  if (fault)
    return makeError(Code::Internal, "can't make the folder " + options.folder + ": " + fault.message());
  // Of commands of an agent that was killed; their pipes, if they run, need no names any more.
  std::filesystem::remove_all(options.folder + "/commands", fault);
  if (options.ociRuntime.empty()) options.ociRuntime = containerd::usualOciRuntime(containerd::ownCrun());
  means.log.info("containers are started by an OCI runtime", {{"oci_runtime", options.ociRuntime}});
  if (options.network.folder.empty()) options.network.folder = options.folder + "/networks";
  auto networks = network::Networks::make(options.network, means.log);
  if (!networks) return networks.error();
  std::optional<signatures::ImagePolicy> policy;
  if (!options.imagePolicy.empty()) {
    auto read = signatures::ImagePolicy::read(options.imagePolicy);
    if (!read) return read.error().in("images.policy");
    policy = std::move(*read);
  }
  auto core = std::make_shared<Core>(std::move(executor), means, std::move(*socket), std::move(*networks),
                                     std::move(policy), std::move(options));
  core->launcher()("log keeper", [core = core.get()] { return core->watchKeeper(); });
  return std::unique_ptr<ContainerdRuntime>(new ContainerdRuntime(std::move(core)));
}

class ContainerdRuntime::Streams final : public ContainerStreams {
 public:
  explicit Streams(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  Async<Result<std::shared_ptr<ContainerProcess>>> exec(ExecSpec spec) override {
    const auto core = core_;
    co_return co_await core->exec(std::move(spec));
  }

  Async<Result<std::shared_ptr<ContainerLog>>> logs(LogSpec spec) override {
    const auto core = core_;
    const auto found = co_await core->api.container(spec.container);
    if (!found) co_return found.error();
    if (!*found) co_return makeError(Code::NotFound, "the container is not there any more");
    const auto record = containerd::decodeRecord((*found)->record);
    if (!record) co_return record.error();
    if (record->logDriver.name == containerd::kNoLog)
      co_return makeError(Code::FailedPrecondition, "the log driver none keeps nothing that could be read");
    co_return containerd::keptContainerLog(core->outputs, std::move(spec));
  }

 private:
  std::shared_ptr<Core> core_;
};

std::unique_ptr<ContainerStreams> ContainerdRuntime::streams() { return std::make_unique<Streams>(core_); }

ContainerdRuntime::ContainerdRuntime(std::shared_ptr<Core> core) : core_(std::move(core)) {}

ContainerdRuntime::~ContainerdRuntime() {
  core_->stop.request_stop();
  core_->networks->close();
  core_->images.close();
}

void ContainerdRuntime::reconfigure(const ContainerdOptions& options) {
  core_->api.reconfigure(options.deadlines);
  core_->images.reconfigure(options.pulls, options.blobs);
}

template <class T, class Work>
void ContainerdRuntime::run(std::string name, Callback<T> done, Work work) {
  spawn(core_->executor, core_->means.log, std::move(name),
        [core = core_, done = std::move(done), work = std::move(work)]() -> Async<void> {
          Result<T> result = co_await work(*core);
          if (!core->stop.stop_requested()) done(std::move(result));
        });
}

void ContainerdRuntime::info(Callback<RuntimeInfo> done) {
  run("containerd info", std::move(done), [](Core& core) { return core.info(); });
}

void ContainerdRuntime::pull(PullSpec spec, Callback<PullOutcome> done) {
  if (spec.image != kPauseImage) return core_->images.pull(std::move(spec), std::move(done));
  run("containerd pause", std::move(done), [](Core& core) { return core.images.makePause(); });
}

void ContainerdRuntime::cancelPull(const std::string& wantedBy) { core_->images.cancel(wantedBy); }

std::vector<PullStatus> ContainerdRuntime::pullStatus() const { return core_->images.status(); }

void ContainerdRuntime::create(ContainerSpec spec, Callback<std::string> done) {
  run("containerd create", std::move(done),
      [spec = std::move(spec)](Core& core) { return core.containers.create(spec); });
}

void ContainerdRuntime::start(std::string id, Callback<RuntimeContainer> done) {
  run("containerd start", std::move(done), [id = std::move(id)](Core& core) { return core.start(id); });
}

void ContainerdRuntime::stop(std::string id, Duration timeout, Callback<RuntimeContainer> done) {
  run("containerd stop", std::move(done),
      [id = std::move(id), timeout](Core& core) { return core.containers.stop(id, timeout); });
}

void ContainerdRuntime::remove(std::string id, bool force, Callback<std::monostate> done) {
  run("containerd remove", std::move(done),
      [id = std::move(id), force](Core& core) { return core.containers.remove(id, force); });
}

void ContainerdRuntime::inspect(std::string idOrName, Callback<std::optional<RuntimeContainer>> done) {
  run("containerd inspect", std::move(done),
      [id = std::move(idOrName)](Core& core) { return core.containers.inspect(id); });
}

void ContainerdRuntime::list(std::map<std::string, std::string> labels,
                             Callback<std::vector<RuntimeContainer>> done) {
  run("containerd list", std::move(done),
      [labels = std::move(labels)](Core& core) { return core.containers.list(labels); });
}

void ContainerdRuntime::ensureVolume(VolumeSpec spec, Callback<std::monostate> done) {
  run("containerd volume", std::move(done),
      [spec = std::move(spec)](Core& core) { return core.containers.ensureVolume(spec); });
}

void ContainerdRuntime::removeVolume(std::string name, Callback<std::monostate> done) {
  run("containerd volume", std::move(done),
      [name = std::move(name)](Core& core) { return core.containers.removeVolume(name); });
}

void ContainerdRuntime::ensureNetwork(std::string taskId, Callback<TaskNetwork> done) {
  run("containerd network", std::move(done),
      [id = std::move(taskId)](Core& core) { return core.containers.ensureNetwork(id); });
}

void ContainerdRuntime::removeNetwork(std::string taskId, Callback<std::monostate> done) {
  run("containerd network", std::move(done),
      [id = std::move(taskId)](Core& core) { return core.containers.removeNetwork(id); });
}

void ContainerdRuntime::tail(std::string id, size_t lines, Callback<std::vector<std::string>> done) {
  run("containerd logs", std::move(done),
      [id = std::move(id), lines](Core& core) -> Async<Result<std::vector<std::string>>> {
        co_return co_await containerd::lastLines(core.outputs, id, lines);
      });
}

void ContainerdRuntime::listImages(Callback<std::vector<StoredImage>> done) {
  run("containerd images", std::move(done), [](Core& core) { return core.images.list(); });
}

void ContainerdRuntime::listUses(bool sizes, Callback<std::vector<ContainerUse>> done) {
  run("containerd uses", std::move(done), [sizes](Core& core) { return core.containers.uses(sizes); });
}

void ContainerdRuntime::removeImage(StoredImage image, Callback<std::monostate> done) {
  run("containerd image", std::move(done),
      [image = std::move(image)](Core& core) { return core.containers.removeImage(image); });
}

void ContainerdRuntime::diskState(Callback<DiskState> done) {
  run("containerd disk", std::move(done), [](Core& core) { return core.disk(); });
}

void ContainerdRuntime::subscribe(std::string label, std::function<void(RuntimeEvent)> listener) {
  const auto core = core_;
  core->subscriber = listener;
  core->wantedLabel = label;
  spawn(core->executor, core->means.log, "containerd events",
        [core, label = std::move(label), listener = std::move(listener)]() -> Async<void> {
          co_await core->watch(label, listener);
        });
}

}  // namespace berth::agent
