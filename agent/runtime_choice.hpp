// Which container runtime the agent works with.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "agent/config/config.hpp"
#include "agent/images/image_memory.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/ports/start_step.hpp"
#include "agent/sinks/aws_logs_sink.hpp"
#include "agent/streams/container_streams.hpp"
#include "common/async/async.hpp"
#include "common/http/client.hpp"
#include "common/ids/random.hpp"

namespace berth::agent {

struct RuntimeMeans {
  http::Client& client;
  const Clock& clock;
  Random& random;
  Log& log;
  ImageMemory* images = nullptr;     ///< nullptr: what was pulled is remembered by this runtime only
  std::function<void()> onDiskFull;  ///< see DockerOptions
  std::optional<sinks::AwsLogsMeans> awsLogs{};  ///< of the runtime on containerd
  StartListener onStart{};           ///< see ContainerdOptions
};

struct ChosenRuntime {
  std::unique_ptr<Runtime> runtime;
  /// Null where it can neither run commands in containers nor read what they have written.
  std::unique_ptr<ContainerStreams> streams;
  /// Deadlines and limits of pulls from now on. Not after the runtime's end.
  std::function<void(const Config&)> reconfigure;
};

/// What RuntimeKind::Auto stands for, in its place: what the agent of this data_dir has worked with before;
/// for a new one containerd, if it is ready and Docker has no task of this cluster, else Docker. Written
/// down, so that one data_dir never has two runtimes. `knowsTasks`: the state is not a new one.
Result<Config> settleRuntime(Config config, bool knowsTasks, const RuntimeMeans& means);

/// The runtime that runtime.kind names.
Result<ChosenRuntime> chooseRuntime(Executor executor, RuntimeMeans means, const Config& config);

}  // namespace berth::agent
