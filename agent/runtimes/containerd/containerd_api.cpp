// Containers, tasks and events.
#include "agent/runtimes/containerd/containerd_api.hpp"

#include <memory>
#include <utility>

#include "agent/runtimes/containerd/invoke.hpp"
#include "proto/containerd/containers.pb.h"
#include "proto/containerd/events.pb.h"
#include "proto/containerd/introspection.pb.h"
#include "proto/containerd/namespaces.pb.h"
#include "proto/containerd/runc_options.pb.h"
#include "proto/containerd/task_events.pb.h"
#include "proto/containerd/tasks.pb.h"
#include "proto/containerd/version.pb.h"

namespace berth::agent::containerd {
namespace {

namespace containers = ::containerd::services::containers::v1;
namespace tasks_v1 = ::containerd::services::tasks::v1;
namespace process = ::containerd::v1::types;
namespace v1_events = ::containerd::services::events::v1;

constexpr const char* kSpecType = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
constexpr const char* kOptionsType = "containerd.runc.v1.Options";
// Extensions of a container; containerd keeps them as they are.
constexpr const char* kRecord = "berth.record";
constexpr const char* kExit = "berth.exit";
constexpr const char* kJsonType = "berth/json";
/// Published by whoever listens, to see that the stream is open.
constexpr const char* kOpened = "/berth/opened";
constexpr Duration kOpenAgain = std::chrono::milliseconds(250);

std::string extension(const containers::Container& from, const char* key) {
  const auto found = from.extensions().find(key);
  return found == from.extensions().end() ? std::string() : found->second.value();
}

void putExtension(containers::Container& to, const char* key, std::string json) {
  wire::Any& any = (*to.mutable_extensions())[key];
  any.set_type_url(kJsonType);
  any.set_value(std::move(json));
}

StoredContainer stored(const containers::Container& from) {
  StoredContainer out;
  out.id = from.id();
  out.image = from.image();
  out.runtime = from.runtime().name();
  ::containerd::runc::v1::Options options;
  if (options.ParseFromString(from.runtime().options().value())) out.binary = options.binary_name();
  out.spec = from.spec().value();
  out.snapshotter = from.snapshotter();
  out.record = extension(from, kRecord);
  out.exit = extension(from, kExit);
  out.createdAt = wallTime(from.created_at());
  return out;
}

void putOptions(wire::Any& to, const std::string& binary) {
  ::containerd::runc::v1::Options options;
  options.set_binary_name(binary);
  to.set_type_url(kOptionsType);
  to.set_value(options.SerializeAsString());
}

TaskState stateOf(const process::Process& from) {
  TaskState out;
  out.id = from.container_id().empty() ? from.id() : from.container_id();
  out.pid = from.pid();
  switch (from.status()) {
    case process::CREATED:
      out.status = TaskStatus::Created;
      break;
    case process::RUNNING:
      out.status = TaskStatus::Running;
      break;
    case process::STOPPED:
      out.status = TaskStatus::Stopped;
      break;
    case process::PAUSED:
    case process::PAUSING:
      out.status = TaskStatus::Paused;
      break;
    default:
      break;
  }
  out.exitStatus = from.exit_status();
  // Of one that runs it is year 1.
  if (from.exited_at().seconds() > 0) out.exitedAt = wallTime(from.exited_at());
  return out;
}

}  // namespace

Api::Api(http::Client& client, std::string socket, std::string nameSpace, Deadlines deadlines,
         std::stop_token stop)
    : channel_(client, std::move(socket), http::Headers{{"containerd-namespace", nameSpace}},
               std::move(stop)),
      nameSpace_(std::move(nameSpace)),
      deadlines_(deadlines) {}

Async<Result<std::string>> Api::version() {
  const auto answer = co_await invoke<::containerd::services::version::v1::VersionResponse>(
      channel_, "version.v1.Version/Version", wire::Empty(), deadlines_.quick);
  if (!answer) co_return answer.error();
  co_return answer->version();
}

Async<Result<std::string>> Api::snapshotterRoot(std::string snapshotter) {
  auto root = co_await pluginRoot("io.containerd.snapshotter.v1", snapshotter);
  if (root || root.error().code != Code::NotFound) co_return root;
  co_return makeError(Code::FailedPrecondition, "containerd has no snapshotter \"" + snapshotter + "\"");
}

Async<Result<std::string>> Api::contentRoot() { return pluginRoot("io.containerd.content.v1", "content"); }

Async<Result<std::string>> Api::pluginRoot(std::string type, std::string id) {
  namespace v1 = ::containerd::services::introspection::v1;
  v1::PluginsRequest request;
  request.add_filters("type==" + type + ",id==" + id);
  const auto answer = co_await invoke<v1::PluginsResponse>(channel_, "introspection.v1.Introspection/Plugins",
                                                           request, deadlines_.quick);
  if (!answer) co_return answer.error();
  for (const v1::Plugin& plugin : answer->plugins()) {
    const auto root = plugin.exports().find("root");
    if (plugin.id() == id && root != plugin.exports().end()) co_return root->second;
  }
  co_return makeError(Code::NotFound, "containerd has no " + type + " \"" + id + "\"");
}

Async<Status> Api::ensureNamespace() {
  namespace v1 = ::containerd::services::namespaces::v1;
  v1::CreateNamespaceRequest request;
  request.mutable_namespace_()->set_name(nameSpace_);
  const auto answer = co_await invoke<v1::CreateNamespaceResponse>(
      channel_, "namespaces.v1.Namespaces/Create", request, deadlines_.quick);
  if (answer || answer.error().code == Code::AlreadyExists) co_return Status();
  co_return answer.error();
}

Async<Result<std::optional<StoredContainer>>> Api::container(std::string id) {
  containers::GetContainerRequest request;
  request.set_id(id);
  const auto answer = co_await invoke<containers::GetContainerResponse>(
      channel_, "containers.v1.Containers/Get", request, deadlines_.inspect);
  if (!answer && answer.error().code == Code::NotFound) co_return std::optional<StoredContainer>();
  if (!answer) co_return answer.error();
  co_return std::optional<StoredContainer>(stored(answer->container()));
}

Async<Result<std::vector<StoredContainer>>> Api::containers() {
  const auto answer = co_await invoke<containers::ListContainersResponse>(
      channel_, "containers.v1.Containers/List", containers::ListContainersRequest(), deadlines_.list);
  if (!answer) co_return answer.error();
  std::vector<StoredContainer> out;
  for (const auto& one : answer->containers()) out.push_back(stored(one));
  co_return out;
}

Async<Result<WallTime>> Api::createContainer(StoredContainer from) {
  containers::CreateContainerRequest request;
  containers::Container& to = *request.mutable_container();
  to.set_id(from.id);
  to.set_image(from.image);
  to.mutable_runtime()->set_name(from.runtime);
  putOptions(*to.mutable_runtime()->mutable_options(), from.binary);
  to.mutable_spec()->set_type_url(kSpecType);
  to.mutable_spec()->set_value(from.spec);
  to.set_snapshotter(from.snapshotter);
  to.set_snapshot_key(from.id);
  putExtension(to, kRecord, from.record);
  const auto answer = co_await invoke<containers::CreateContainerResponse>(
      channel_, "containers.v1.Containers/Create", request, deadlines_.create);
  if (!answer) co_return answer.error();
  co_return wallTime(answer->container().created_at());
}

Async<Status> Api::keepExit(std::string id, std::string exit) {
  containers::UpdateContainerRequest request;
  request.mutable_container()->set_id(id);
  putExtension(*request.mutable_container(), kExit, std::move(exit));
  request.mutable_update_mask()->add_paths(std::string("extensions.") + kExit);
  const auto answer = co_await invoke<containers::UpdateContainerResponse>(
      channel_, "containers.v1.Containers/Update", request, deadlines_.inspect);
  if (!answer) co_return answer.error();
  co_return Status();
}

Async<Status> Api::removeContainer(std::string id) {
  containers::DeleteContainerRequest request;
  request.set_id(id);
  return unlessGone(
      invoke<wire::Empty>(channel_, "containers.v1.Containers/Delete", request, deadlines_.remove));
}

Async<Status> Api::createTask(StoredContainer container, std::vector<SnapshotMount> root,
                              TaskStreams streams) {
  tasks_v1::CreateTaskRequest request;
  request.set_container_id(container.id);
  putMounts(*request.mutable_rootfs(), root);
  request.set_stdin(streams.input);
  request.set_stdout(streams.output);
  if (!streams.terminal) request.set_stderr(streams.errors);
  request.set_terminal(streams.terminal);
  putOptions(*request.mutable_options(), container.binary);
  const auto answer = co_await invoke<tasks_v1::CreateTaskResponse>(channel_, "tasks.v1.Tasks/Create",
                                                                    request, deadlines_.start);
  if (!answer) co_return answer.error();
  co_return Status();
}

Async<Result<uint32_t>> Api::startTask(std::string id) {
  tasks_v1::StartRequest request;
  request.set_container_id(id);
  const auto answer =
      co_await invoke<tasks_v1::StartResponse>(channel_, "tasks.v1.Tasks/Start", request, deadlines_.start);
  if (!answer) co_return answer.error();
  co_return answer->pid();
}

Async<Result<std::optional<TaskState>>> Api::task(std::string id) {
  tasks_v1::GetRequest request;
  request.set_container_id(id);
  const auto answer =
      co_await invoke<tasks_v1::GetResponse>(channel_, "tasks.v1.Tasks/Get", request, deadlines_.inspect);
  if (!answer && answer.error().code == Code::NotFound) co_return std::optional<TaskState>();
  if (!answer) co_return answer.error();
  TaskState state = stateOf(answer->process());
  state.id = id;
  co_return std::optional<TaskState>(std::move(state));
}

Async<Result<std::vector<TaskState>>> Api::tasks() {
  const auto answer = co_await invoke<tasks_v1::ListTasksResponse>(
      channel_, "tasks.v1.Tasks/List", tasks_v1::ListTasksRequest(), deadlines_.list);
  if (!answer) co_return answer.error();
  std::vector<TaskState> out;
  for (const auto& one : answer->tasks()) out.push_back(stateOf(one));
  co_return out;
}

Async<Status> Api::kill(std::string id, uint32_t signal, bool all) {
  tasks_v1::KillRequest request;
  request.set_container_id(id);
  request.set_signal(signal);
  request.set_all(all);
  return plain(invoke<wire::Empty>(channel_, "tasks.v1.Tasks/Kill", request, deadlines_.quick));
}

Async<Status> Api::waitTask(std::string id, Duration limit) {
  tasks_v1::WaitRequest request;
  request.set_container_id(id);
  const auto answer =
      co_await invoke<tasks_v1::WaitResponse>(channel_, "tasks.v1.Tasks/Wait", request, limit);
  if (!answer) co_return answer.error();
  co_return Status();
}

Async<Status> Api::deleteTask(std::string id) {
  tasks_v1::DeleteTaskRequest request;
  request.set_container_id(id);
  const auto answer = co_await invoke<tasks_v1::DeleteResponse>(channel_, "tasks.v1.Tasks/Delete", request,
                                                                deadlines_.remove);
  if (answer || answer.error().code == Code::NotFound) co_return Status();
  // Of two that delete it at once the second may meet a shim that is on its way out.
  const auto left = co_await task(id);
  if (left && !*left) co_return Status();
  co_return answer.error();
}

Async<Error> Api::events(Launcher launch, std::function<void()> onOpen,
                         std::function<void(TaskEvent)> onEvent) {
  v1_events::SubscribeRequest request;
  request.add_filters("namespace==" + nameSpace_ + ",topic~=\"^/tasks/(start|exit|oom)$\"");
  request.add_filters("namespace==" + nameSpace_ + ",topic==\"/containers/delete\"");
  request.add_filters("namespace==" + nameSpace_ + ",topic==\"" + kOpened + "\"");
  struct Stream {
    bool open = false;
    std::stop_source ended;
  };
  const auto stream = std::make_shared<Stream>();
  // An open stream has no sign of its own: it is open once it brings an event that was published for that.
  launch("containerd events open", [this, stream]() -> Async<void> {
    while (!stream->open && !stream->ended.stop_requested()) {
      (co_await publishOpened()).ok();
      co_await sleepFor(kOpenAgain, stream->ended.get_token());
    }
  });
  const Status ended = co_await channel_.listen(
      "containerd.services.events.v1.Events/Subscribe", request.SerializeAsString(), Duration::zero(),
      [stream, onOpen = std::move(onOpen), onEvent = std::move(onEvent)](std::string_view bytes) {
        v1_events::Envelope envelope;
        if (!envelope.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
        if (!stream->open) {
          stream->open = true;
          onOpen();
        }
        // The container's id is the first field of each of these events; only an exit's second one is read.
        ::containerd::events::TaskExit event;
        if (envelope.topic() == kOpened || !event.ParseFromString(envelope.event().value())) return;
        const bool exit = envelope.topic() == "/tasks/exit";
        onEvent(
            TaskEvent{envelope.topic(), event.container_id(), exit && event.id() != event.container_id()});
      });
  stream->ended.request_stop();
  co_return ended ? makeError(Code::Unavailable, "containerd closed the stream of events") : ended.error();
}

Async<Status> Api::publishOpened() {
  v1_events::PublishRequest request;
  request.set_topic(kOpened);
  request.mutable_event()->set_type_url(kJsonType);
  request.mutable_event()->set_value("{}");
  return plain(invoke<wire::Empty>(channel_, "events.v1.Events/Publish", request, deadlines_.quick));
}

}  // namespace berth::agent::containerd
