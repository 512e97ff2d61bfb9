// The container runtime on a Docker Engine.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/images/image_memory.hpp"
#include "agent/images/pull_queue.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/runtimes/docker/engine_api.hpp"
#include "agent/streams/container_streams.hpp"
#include "common/http/client.hpp"
#include "common/ids/random.hpp"
#include "common/log/log.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

struct DockerOptions {
  std::string socket = "unix:///var/run/docker.sock";
  DockerDeadlines deadlines;
  PullLimits pulls;
  /// Called when a pull failed because the host's disk is full, before its callbacks. May be empty.
  std::function<void()> onDiskFull;
};

/// Everything runs on one loop. When it is destroyed, calls under way end and their callbacks are destroyed
/// without a call; nothing is said to the engine.
class DockerRuntime final : public Runtime {
 public:
  /// What the runtime works with; all of it must outlive the loop's last run.
  struct Means {
    http::Client& client;
    const Clock& clock;
    Random& random;
    Log& log;
    ImageMemory* images = nullptr;  ///< nullptr: what was pulled is remembered by this runtime only
  };

  /// InvalidArgument for a socket that is not unix:PATH. Nothing is sent before the first call.
  static Result<std::unique_ptr<DockerRuntime>> make(Executor executor, Means means, DockerOptions options);
  ~DockerRuntime() override;

  /// Deadlines and limits of pulls from now on; the rest of the options stays.
  void reconfigure(const DockerOptions& options);

  /// Commands in containers and their output, on the same engine; may outlive this.
  std::unique_ptr<ContainerStreams> streams() const;

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

  explicit DockerRuntime(std::shared_ptr<Core> core);
  /// Runs work(core), a coroutine, and passes its result to `done`.
  template <class T, class Work>
  void run(std::string name, Callback<T> done, Work work);

  std::shared_ptr<Core> core_;
};

}  // namespace berth::agent
