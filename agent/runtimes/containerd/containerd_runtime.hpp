// The container runtime on containerd.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/images/image_memory.hpp"
#include "agent/images/pull_queue.hpp"
#include "agent/network/networks.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/ports/start_step.hpp"
#include "agent/runtimes/containerd/blobs.hpp"
#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/keeper_watch.hpp"
#include "agent/runtimes/containerd/registry.hpp"
#include "agent/sinks/aws_logs_sink.hpp"
#include "agent/streams/container_streams.hpp"
#include "common/http/client.hpp"
#include "common/ids/random.hpp"
#include "common/log/log.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

struct ContainerdOptions {
  std::string socket = "unix:///run/containerd/containerd.sock";
  std::string nameSpace = "berth";
  std::string snapshotter = "overlayfs";
  /// The program of the shim io.containerd.runc.v2; empty: crun where that works, else runc.
  std::string ociRuntime;
  std::string folder;  ///< where volumes, output and small files of containers are kept
  /// Program of the log keeper, started where none works; empty: somebody else's to do.
  containerd::KeeperOptions keeper = containerd::ownKeeper();
  containerd::Deadlines deadlines;
  PullLimits pulls;
  network::NetworkOptions network;  ///< without a folder: below `folder`
  containerd::BlobLimits blobs;
  containerd::RegistryRules registries;
  std::string imagePolicy;  ///< file of a signatures::ImagePolicy; empty: every image may run
  /// Called when a pull failed because the host's disk is full, before its callbacks. May be empty.
  std::function<void()> onDiskFull;
  /// Hears of the steps within create() and start(), before their callbacks. May be empty.
  StartListener onStart;
};

/// Everything runs on one loop. When it is destroyed, calls under way end and their callbacks are destroyed
/// without a call; nothing is said to containerd.
class ContainerdRuntime final : public Runtime {
 public:
  /// What the runtime works with; all of it must outlive the loop's last run.
  struct Means {
    http::Client& client;
    const Clock& clock;
    Random& random;
    Log& log;
    ImageMemory* images = nullptr;  ///< nullptr: what was pulled is remembered by this runtime only
    std::optional<sinks::AwsLogsMeans> awsLogs{};  ///< nullopt: log driver awslogs is not offered
  };

  /// InvalidArgument for a socket that is not unix:PATH, and for a conflist that is none; errors of
  /// ImagePolicy::read. Nothing is sent
  /// before the first call.
  static Result<std::unique_ptr<ContainerdRuntime>> make(Executor executor, Means means,
                                                         ContainerdOptions options);
  ~ContainerdRuntime() override;

  /// Deadlines and limits of pulls from now on; the rest of the options stays.
  void reconfigure(const ContainerdOptions& options);

  /// Commands in its containers, and what these have written. It may outlive the runtime.
  std::unique_ptr<ContainerStreams> streams();

  void info(Callback<RuntimeInfo> done) override;
  void pull(PullSpec spec, Callback<PullOutcome> done) override;
  void create(ContainerSpec spec, Callback<std::string> done) override;
  void start(std::string id, Callback<RuntimeContainer> done) override;
  void stop(std::string id, Duration timeout, Callback<RuntimeContainer> done) override;
  void remove(std::string id, bool force, Callback<std::monostate> done) override;
  void inspect(std::string idOrName, Callback<std::optional<RuntimeContainer>> done) override;
  void list(std::map<std::string, std::string> labels, Callback<std::vector<RuntimeContainer>> done) override;
  void ensureVolume(VolumeSpec spec, Callback<std::monostate> done) override;
  void removeVolume(std::string name, Callback<std::monostate> done) override;
  void ensureNetwork(std::string taskId, Callback<TaskNetwork> done) override;
  void removeNetwork(std::string taskId, Callback<std::monostate> done) override;
  void tail(std::string id, size_t lines, Callback<std::vector<std::string>> done) override;
  void subscribe(std::string label, std::function<void(RuntimeEvent)> listener) override;
  void cancelPull(const std::string& wantedBy) override;
  std::vector<PullStatus> pullStatus() const override;
  void listImages(Callback<std::vector<StoredImage>> done) override;
  void listUses(bool sizes, Callback<std::vector<ContainerUse>> done) override;
  void removeImage(StoredImage image, Callback<std::monostate> done) override;
  void diskState(Callback<DiskState> done) override;

 private:
  struct Core;
  class Streams;

  explicit ContainerdRuntime(std::shared_ptr<Core> core);
  /// Runs work(core), a coroutine, and passes its result to `done`.
  template <class T, class Work>
  void run(std::string name, Callback<T> done, Work work);

  std::shared_ptr<Core> core_;
};

}  // namespace berth::agent
