#include "agent/runtimes/docker/docker_runtime.hpp"

#include <algorithm>
#include <stop_token>
#include <utility>

#include "agent/pause/image.hpp"
#include "agent/runtimes/docker/docker_streams.hpp"
#include "agent/runtimes/docker/event_stream.hpp"
#include "agent/runtimes/docker/image_puller.hpp"
#include "agent/runtimes/docker/image_store.hpp"
#include "agent/runtimes/docker/translate.hpp"
#include "common/async/gate.hpp"
#include "proto/docker/codec.hpp"

namespace berth::agent {
namespace {

constexpr size_t kInspectsAtOnce = 8;

/// The engine itself does not answer, so nothing can be said of any container.
bool isGone(const Error& error) { return error.code == Code::Unavailable || error.code == Code::Cancelled; }

RuntimeContainer unread(docker::ContainerSummary listed) {
  RuntimeContainer out;
  out.id = std::move(listed.id);
  out.name = std::move(listed.name);
  out.labels = std::move(listed.labels);
  out.unread = true;
  return out;
}

}  // namespace

/// Shared by the runtime and its coroutines, which outlive it by the time they need to notice `stop`.
struct DockerRuntime::Core : std::enable_shared_from_this<DockerRuntime::Core> {
  Core(Executor on, Means with, std::string socket, DockerOptions options)
      : executor(std::move(on)),
        means(with),
        api(means.client, std::move(socket), options.deadlines, stop.get_token()),
        puller(ImagePuller::Parts{api, means.images ? *means.images : ownMemory, means.clock, means.log,
                                  std::move(options.onDiskFull)},
               options.pulls, launcher(), stop.get_token()),
        store(api),
        events(api, means.clock, means.random, means.log) {}

  Launch launcher() {
    return [this](std::string name, std::function<Async<void>()> body) {
      spawn(executor, means.log, std::move(name),
            [core = shared_from_this(), body = std::move(body)]() -> Async<void> { co_await body(); });
    };
  }

  static Async<Result<RuntimeInfo>> info(Core& core);
  static Async<Result<std::string>> create(Core& core, ContainerSpec spec);
  static Async<Result<RuntimeContainer>> start(Core& core, std::string id);
  static Async<Result<RuntimeContainer>> stopContainer(Core& core, std::string id, Duration timeout);
  static Async<Result<std::monostate>> remove(Core& core, std::string id, bool force);
  static Async<Result<std::optional<RuntimeContainer>>> inspect(Core& core, std::string idOrName,
                                                                bool inList = false);
  static Async<Result<std::monostate>> ensureVolume(Core& core, VolumeSpec spec);
  static Async<Result<std::monostate>> removeVolume(Core& core, std::string name);
  static Async<Result<PullOutcome>> makePause(Core& core);
  static Async<Result<RuntimeContainer>> mustInspect(Core& core, std::string id);
  static Async<Result<std::vector<RuntimeContainer>>> list(std::shared_ptr<Core> core,
                                                           std::map<std::string, std::string> labels);

  Executor executor;
  Means means;
  std::stop_source stop;
  EngineApi api;
  ImageMemory ownMemory;
  ImagePuller puller;
  ImageStore store;
  EventStream events;
};

Async<Result<RuntimeInfo>> DockerRuntime::Core::info(Core& core) {
  const Result<docker::Version> version = co_await core.api.negotiate();
  if (!version) co_return version.error();
  Result<docker::SystemInfo> system = co_await core.api.info();
  if (!system) co_return system.error();
  RuntimeInfo out;
  out.version = version->version;
  out.apiVersion = version->apiVersion;
  out.minApiVersion = version->minApiVersion;
  out.loggingDrivers = std::move(system->loggingDrivers);
  out.volumePlugins = std::move(system->volumePlugins);
  std::erase(out.volumePlugins, "local");
  // The engine's order is by chance.
  std::ranges::sort(out.volumePlugins);
  std::ranges::sort(out.loggingDrivers);
  out.systemdGroups = system->cgroupDriver == "systemd";
  co_return out;
}

Async<Result<std::string>> DockerRuntime::Core::create(Core& core, ContainerSpec spec) {
  const Result<docker::CreateBody> body = toCreateBody(spec);
  if (!body) co_return body.error();
  Result<std::string> text = docker::encodeCreateBody(*body);
  if (!text) co_return text.error();
  Result<std::string> created = co_await core.api.createContainer(spec.name, std::move(*text));
  if (created || created.error().code != Code::AlreadyExists) co_return created;
  const auto present = co_await core.api.inspectContainer(spec.name);
  if (!present) co_return present.error();
  if (!*present) co_return created;
  // Ours, if the answer to an earlier request was lost; somebody else's must not be taken for it.
  if (!std::ranges::includes((*present)->labels, spec.labels)) {
    co_return makeError(Code::FailedPrecondition, created.error().message);
  }
  co_return (*present)->id;
}

Async<Result<std::monostate>> DockerRuntime::Core::ensureVolume(Core& core, VolumeSpec spec) {
  if (!spec.mustExist) {
    // What is there already stays as it is.
    const Status made = co_await core.api.createVolume(
        docker::encodeVolume(docker::Volume{spec.name, spec.driver, spec.options, spec.labels}));
    const bool other = !made && made.error().code == Code::FailedPrecondition;
    if (!made && !other) co_return made.error();
    if (!spec.mustMatch) co_return std::monostate{};
  }
  const Result<docker::Volume> found = co_await core.api.inspectVolume(spec.name);
  if (!found) co_return found.error();
  if (spec.mustMatch && !matches(spec, *found)) {
    co_return makeError(Code::FailedPrecondition,
                        "volume " + spec.name + " exists with another driver, other options or other labels");
  }
  co_return std::monostate{};
}

Async<Result<std::monostate>> DockerRuntime::Core::removeVolume(Core& core, std::string name) {
  const Status removed = co_await core.api.removeVolume(std::move(name));
  if (!removed) co_return removed.error();
  co_return std::monostate{};
}

Async<Result<PullOutcome>> DockerRuntime::Core::makePause(Core& core) {
  Result<std::optional<docker::ImageInspect>> there = co_await core.api.inspectImage(kPauseImage);
  if (!there) co_return there.error();
  if (!*there) {
    const Result<docker::ImageReference> name = docker::parseImageReference(kPauseImage);
    const Status made = co_await core.api.importImage(*name, pauseArchive(), "/pause");
    if (!made) co_return made.error();
    there = co_await core.api.inspectImage(kPauseImage);
    if (!there) co_return there.error();
  }
  PullOutcome out;
  if (*there) out.imageId = (*there)->id;
  co_return out;
}

Async<Result<RuntimeContainer>> DockerRuntime::Core::mustInspect(Core& core, std::string id) {
  Result<std::optional<RuntimeContainer>> found = co_await inspect(core, id);
  if (!found) co_return found.error();
  if (!*found) co_return makeError(Code::NotFound, "No such container: " + id);
  co_return std::move(**found);
}

Async<Result<RuntimeContainer>> DockerRuntime::Core::start(Core& core, std::string id) {
  const Status started = co_await core.api.startContainer(id);
  if (!started) co_return started.error();
  Result<RuntimeContainer> seen = co_await mustInspect(core, std::move(id));
  if (!seen && seen.error().code != Code::NotFound) {
    // Whatever kept us from looking, the start itself has succeeded.
    co_return makeError(Code::Unavailable, seen.error().in("the container was started").message);
  }
  co_return seen;
}

Async<Result<RuntimeContainer>> DockerRuntime::Core::stopContainer(Core& core, std::string id,
                                                                   Duration timeout) {
  const Status stopped = co_await core.api.stopContainer(id, timeout);
  if (!stopped) co_return stopped.error();
  co_return co_await mustInspect(core, std::move(id));
}

Async<Result<std::monostate>> DockerRuntime::Core::remove(Core& core, std::string id, bool force) {
  const Status removed = co_await core.api.removeContainer(std::move(id), force);
  if (!removed) co_return removed.error();
  co_return std::monostate();
}

Async<Result<std::optional<RuntimeContainer>>> DockerRuntime::Core::inspect(Core& core, std::string idOrName,
                                                                            bool inList) {
  Result<std::optional<docker::ContainerInspect>> found =
      co_await core.api.inspectContainer(std::move(idOrName), inList);
  if (!found) co_return found.error();
  std::optional<RuntimeContainer> out;
  if (*found) out = toRuntimeContainer(std::move(**found));
  co_return out;
}

Async<Result<std::vector<RuntimeContainer>>> DockerRuntime::Core::list(
    std::shared_ptr<Core> core, std::map<std::string, std::string> labels) {
  // The engine's list knows neither exit codes nor pids.
  Result<std::vector<docker::ContainerSummary>> all =
      co_await core->api.labelledContainers(std::move(labels));
  if (!all) co_return all.error();
  struct Progress {
    std::vector<docker::ContainerSummary> all;
    size_t next = 0;
    std::vector<RuntimeContainer> found;
    std::optional<Error> failed;
  };
  const auto progress = std::make_shared<Progress>();
  progress->all = std::move(*all);
  Gate workers;
  for (size_t i = 0; i < std::min(kInspectsAtOnce, progress->all.size()); ++i) {
    spawn(core->executor, core->means.log, "docker list",
          [core, progress, pass = workers.enter()]() -> Async<void> {
            while (progress->next < progress->all.size() && !progress->failed) {
              docker::ContainerSummary& listed = progress->all[progress->next++];
              Result<std::optional<RuntimeContainer>> one = co_await inspect(*core, listed.id, true);
              if (!one && isGone(one.error())) {
                progress->failed = one.error();
              } else if (!one) {
                progress->found.push_back(unread(std::move(listed)));
              } else if (*one) {
                progress->found.push_back(std::move(**one));
              }
            }
          });
  }
  co_await workers.close();
  if (progress->failed) co_return *progress->failed;
  co_return std::move(progress->found);
}

Result<std::unique_ptr<DockerRuntime>> DockerRuntime::make(Executor executor, Means means,
                                                           DockerOptions options) {
  Result<std::string> socket = socketPath(options.socket);
  if (!socket) return socket.error();
  auto core = std::make_shared<Core>(std::move(executor), means, std::move(*socket), std::move(options));
  return std::unique_ptr<DockerRuntime>(new DockerRuntime(std::move(core)));
}

DockerRuntime::DockerRuntime(std::shared_ptr<Core> core) : core_(std::move(core)) {}

std::unique_ptr<ContainerStreams> DockerRuntime::streams() const {
  return dockerStreams(std::shared_ptr<EngineApi>(core_, &core_->api), core_->means.log);
}

DockerRuntime::~DockerRuntime() { core_->stop.request_stop(); }

template <class T, class Work>
void DockerRuntime::run(std::string name, Callback<T> done, Work work) {
  spawn(core_->executor, core_->means.log, std::move(name),
        [core = core_, done = std::move(done), work = std::move(work)]() -> Async<void> {
          Result<T> result = co_await work(core);
          if (!core->stop.stop_requested()) done(std::move(result));
        });
}

void DockerRuntime::info(Callback<RuntimeInfo> done) {
  run("docker info", std::move(done), [](const std::shared_ptr<Core>& core) { return Core::info(*core); });
}

void DockerRuntime::pull(PullSpec spec, Callback<PullOutcome> done) {
  if (spec.image == kPauseImage) {
    return run("pause image", std::move(done),
               [](const std::shared_ptr<Core>& core) { return Core::makePause(*core); });
  }
  core_->puller.pull(std::move(spec), std::move(done));
}

void DockerRuntime::cancelPull(const std::string& wantedBy) { core_->puller.cancel(wantedBy); }

std::vector<PullStatus> DockerRuntime::pullStatus() const { return core_->puller.status(); }

void DockerRuntime::listImages(Callback<std::vector<StoredImage>> done) {
  run("docker images", std::move(done),
      [](const std::shared_ptr<Core>& core) { return core->store.images(); });
}

void DockerRuntime::listUses(bool sizes, Callback<std::vector<ContainerUse>> done) {
  run("docker uses", std::move(done),
      [sizes](const std::shared_ptr<Core>& core) { return core->store.uses(sizes); });
}

void DockerRuntime::removeImage(StoredImage image, Callback<std::monostate> done) {
  core_->puller.removeImage(std::move(image), std::move(done));
}

void DockerRuntime::diskState(Callback<DiskState> done) {
  run("docker disk", std::move(done), [](const std::shared_ptr<Core>& core) { return core->store.disk(); });
}

void DockerRuntime::create(ContainerSpec spec, Callback<std::string> done) {
  run("docker create", std::move(done),
      [spec = std::move(spec)](const std::shared_ptr<Core>& core) { return Core::create(*core, spec); });
}

void DockerRuntime::start(std::string id, Callback<RuntimeContainer> done) {
  run("docker start", std::move(done),
      [id = std::move(id)](const std::shared_ptr<Core>& core) { return Core::start(*core, id); });
}

void DockerRuntime::stop(std::string id, Duration timeout, Callback<RuntimeContainer> done) {
  run("docker stop", std::move(done), [id = std::move(id), timeout](const std::shared_ptr<Core>& core) {
    return Core::stopContainer(*core, id, timeout);
  });
}

void DockerRuntime::remove(std::string id, bool force, Callback<std::monostate> done) {
  run("docker remove", std::move(done), [id = std::move(id), force](const std::shared_ptr<Core>& core) {
    return Core::remove(*core, id, force);
  });
}

void DockerRuntime::inspect(std::string idOrName, Callback<std::optional<RuntimeContainer>> done) {
  run("docker inspect", std::move(done),
      [id = std::move(idOrName)](const std::shared_ptr<Core>& core) { return Core::inspect(*core, id); });
}

void DockerRuntime::reconfigure(const DockerOptions& options) {
  core_->api.reconfigure(options.deadlines);
  core_->puller.reconfigure(options.pulls);
}

void DockerRuntime::tail(std::string id, size_t lines, Callback<std::vector<std::string>> done) {
  run("docker logs", std::move(done),
      [id = std::move(id), lines](const std::shared_ptr<Core>& core) { return core->api.tail(id, lines); });
}

void DockerRuntime::list(std::map<std::string, std::string> labels,
                         Callback<std::vector<RuntimeContainer>> done) {
  run("docker list", std::move(done),
      [labels = std::move(labels)](const std::shared_ptr<Core>& core) { return Core::list(core, labels); });
}

void DockerRuntime::ensureVolume(VolumeSpec spec, Callback<std::monostate> done) {
  run("docker volume", std::move(done), [spec = std::move(spec)](const std::shared_ptr<Core>& core) {
    return Core::ensureVolume(*core, spec);
  });
}

void DockerRuntime::removeVolume(std::string name, Callback<std::monostate> done) {
  run("docker volume", std::move(done), [name = std::move(name)](const std::shared_ptr<Core>& core) {
    return Core::removeVolume(*core, name);
  });
}

void DockerRuntime::ensureNetwork(std::string, Callback<TaskNetwork> done) {
  run("docker network", std::move(done), [](const std::shared_ptr<Core>&) -> Async<Result<TaskNetwork>> {
    co_return makeError(Code::Unimplemented, "networkMode awsvpc is not supported by the Docker runtime");
  });
}

void DockerRuntime::removeNetwork(std::string, Callback<std::monostate> done) {
  run("docker network", std::move(done),
      [](const std::shared_ptr<Core>&) -> Async<Result<std::monostate>> { co_return std::monostate{}; });
}

void DockerRuntime::subscribe(std::string label, std::function<void(RuntimeEvent)> listener) {
  spawn(core_->executor, core_->means.log, "docker events",
        [core = core_, label = std::move(label), listener = std::move(listener)]() -> Async<void> {
          co_await core->events.run(label, listener, core->stop.get_token());
        });
}

}  // namespace berth::agent
