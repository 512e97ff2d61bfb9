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

/// The runtime that runtime.kind names; `auto` is Docker as long as the one on containerd can't do all that
/// tasks may ask for.
Result<ChosenRuntime> chooseRuntime(Executor executor, RuntimeMeans means, const Config& config);

}  // namespace berth::agent
