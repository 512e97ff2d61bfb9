// The calls of containerd's API that the runtime is made of, with their deadlines and errors.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/runtimes/containerd/grpc_channel.hpp"
#include "common/async/async.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::containerd {

/// How long each call may take before it fails with DeadlineExceeded.
struct Deadlines {
  Duration quick = std::chrono::seconds(10);  ///< questions to containerd's own database
  Duration create = std::chrono::minutes(4);
  Duration start = std::chrono::minutes(3);
  Duration stopGrace = std::chrono::minutes(2);  ///< beyond the time that the container is given
  Duration inspect = std::chrono::seconds(30);
  Duration remove = std::chrono::minutes(5);
  Duration list = std::chrono::minutes(1);
  Duration unpack = std::chrono::minutes(30);  ///< of one layer
  Duration manifest = std::chrono::minutes(1);
};

struct Descriptor {
  std::string mediaType;
  std::string digest;
  int64_t size = 0;
};

struct SnapshotMount {
  std::string type;
  std::string source;
  std::vector<std::string> options;
};

/// A container as containerd stores it: what a task is started from.
struct StoredContainer {
  std::string id;
  std::string image;
  std::string runtime;  ///< "io.containerd.runc.v2"
  std::string binary;   ///< of the OCI runtime; empty: the shim's default
  std::string spec;     ///< JSON of the OCI runtime specification
  std::string snapshotter;
  std::string record;  ///< what the runtime keeps about it, JSON
  std::string exit;    ///< how it ended, JSON; empty: not known to have ended
  WallTime createdAt{};
};

enum class TaskStatus { Unknown, Created, Running, Stopped, Paused };

struct TaskState {
  std::string id;
  uint32_t pid = 0;
  TaskStatus status = TaskStatus::Unknown;
  uint32_t exitStatus = 0;
  std::optional<WallTime> exitedAt;
};

/// A process beside a container's first.
struct ProcessKey {
  std::string container;
  std::string id;  ///< unique in the container
};

struct ProcessPlan {
  std::string spec;   ///< JSON of the OCI runtime specification's "process"
  std::string input;  ///< paths of pipes; empty: none
  std::string output;
  std::string errors;
  bool terminal = false;
};

/// Pipes of a container's first process, by their paths; empty: /dev/null.
struct TaskStreams {
  std::string input;
  std::string output;
  std::string errors;
  bool terminal = false;  ///< output has all of it
};

struct NamedImage {
  std::string name;
  Descriptor target;
  WallTime updatedAt{};
};

struct TaskEvent {
  std::string topic;  ///< "/tasks/exit"
  std::string containerId;
  bool ofExec = false;  ///< a process beside the container's first
};

/// Runs a coroutine, which may outlive its caller.
using Launcher = std::function<void(std::string name, std::function<Async<void>()> body)>;

/// Everything happens in one namespace. Errors are those of GrpcChannel. Must outlive its coroutines.
class Api {
 public:
  Api(http::Client& client, std::string socket, std::string nameSpace, Deadlines deadlines,
      std::stop_token stop);

  void reconfigure(Deadlines deadlines) { deadlines_ = deadlines; }
  const Deadlines& deadlines() const { return deadlines_; }

  Async<Result<std::string>> version();
  Async<Status> ensureNamespace();
  /// The folder of a snapshotter; FailedPrecondition when containerd has none of that name.
  Async<Result<std::string>> snapshotterRoot(std::string snapshotter);
  /// The folder of the content store; NotFound when it does not tell.
  Async<Result<std::string>> contentRoot();

  Async<Result<std::optional<StoredContainer>>> container(std::string id);
  Async<Result<std::vector<StoredContainer>>> containers();
  /// When it was created. AlreadyExists when there is one of that id.
  Async<Result<WallTime>> createContainer(StoredContainer container);
  /// Keeps how a container ended.
  Async<Status> keepExit(std::string id, std::string exit);
  /// One that is gone is success.
  Async<Status> removeContainer(std::string id);

  /// The shim copies from and to the pipes. AlreadyExists when there is a task.
  Async<Status> createTask(StoredContainer container, std::vector<SnapshotMount> root, TaskStreams streams);
  /// The process id.
  Async<Result<uint32_t>> startTask(std::string id);
  Async<Result<std::optional<TaskState>>> task(std::string id);
  Async<Result<std::vector<TaskState>>> tasks();
  /// NotFound when it has ended.
  Async<Status> kill(std::string id, uint32_t signal, bool all);
  /// Until its first process has ended; DeadlineExceeded after `limit`.
  Async<Status> waitTask(std::string id, Duration limit);
  /// One that is gone is success; FailedPrecondition while it runs.
  Async<Status> deleteTask(std::string id);

  /// Adds a process to a task that runs, without starting it.
  Async<Status> addProcess(ProcessKey process, ProcessPlan plan);
  /// Answers the host's number of it. What the OCI runtime refuses to run is Internal.
  Async<Result<int64_t>> startProcess(ProcessKey process);
  /// Its exit code, once it has ended; DeadlineExceeded after `limit`.
  Async<Result<int>> waitProcess(ProcessKey process, Duration limit);
  /// One that is gone is success.
  Async<Status> removeProcess(ProcessKey process);
  Async<Status> resizeTerminal(ProcessKey process, uint32_t columns, uint32_t rows);
  /// The shim lets go of its end of the pipe that is the process' input.
  Async<Status> closeInput(ProcessKey process);

  /// AlreadyExists when there is one of that key.
  Async<Result<std::vector<SnapshotMount>>> prepareSnapshot(std::string snapshotter, std::string key,
                                                            std::string parent, std::string lease = {});
  Async<Result<std::vector<SnapshotMount>>> mounts(std::string snapshotter, std::string key);
  Async<Status> commitSnapshot(std::string snapshotter, std::string name, std::string key, std::string lease);
  Async<Result<bool>> hasSnapshot(std::string snapshotter, std::string name);
  /// Bytes of its own; NotFound without such a snapshot.
  Async<Result<int64_t>> snapshotBytes(std::string snapshotter, std::string key);
  /// One that is gone is success.
  Async<Status> removeSnapshot(std::string snapshotter, std::string key);

  Async<Result<bool>> hasContent(std::string digest);
  /// The whole blob; ResourceExhausted beyond 8 MiB.
  Async<Result<std::string>> content(std::string digest);
  /// Stores a blob of the given digest, which containerd verifies; one that is there already is success.
  /// `source` answers the bytes from a place on, at most 1 MiB of them.
  Async<Status> writeContent(Descriptor blob, std::function<Result<std::string>(int64_t)> source,
                             std::map<std::string, std::string> labels, std::string lease);
  /// Puts a blob that is in the content store's folder under the lease, and into the namespace. NotFound when
  /// it isn't there, or namespaces share nothing: it has to be written then.
  Async<Status> adoptContent(Descriptor blob, std::map<std::string, std::string> labels, std::string lease);
  Async<Status> labelContent(std::string digest, std::map<std::string, std::string> labels);
  /// Unpacks a layer onto a snapshot; the digest of what it holds, unpacked.
  Async<Result<std::string>> apply(Descriptor layer, std::vector<SnapshotMount> mounts, std::string lease);

  Async<Result<std::optional<NamedImage>>> image(std::string name);
  Async<Result<std::vector<NamedImage>>> images();
  /// Makes the name stand for `target` from now on.
  Async<Status> putImage(std::string name, Descriptor target);
  /// One that is gone is success. `sync`: what nothing needs any more is gone when this answers.
  Async<Status> removeImage(std::string name, bool sync);

  /// What is made under it is kept until it is removed, or for a day.
  Async<Status> createLease(std::string id, WallTime now);
  Async<Status> removeLease(std::string id);

  /// Calls `onOpen` once no event can be missed any more, `onEvent` for each event of this
  /// namespace, until the stream ends; always an Error then. What `launch` starts needs this, too.
  Async<Error> events(Launcher launch, std::function<void()> onOpen, std::function<void(TaskEvent)> onEvent);

 private:
  Async<Status> publishOpened();
  Async<Result<std::string>> pluginRoot(std::string type, std::string id);

  GrpcChannel channel_;
  std::string nameSpace_;
  Deadlines deadlines_;
};

}  // namespace berth::agent::containerd
