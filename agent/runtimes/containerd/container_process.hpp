// Commands in containers on containerd.
#pragma once

#include <memory>
#include <string>

#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/streams/container_streams.hpp"
#include "common/log/log.hpp"

namespace berth::agent::containerd {

/// What a command needs; `owner` keeps `api` and `log` alive for as long.
struct CommandMeans {
  std::shared_ptr<void> owner;
  Executor executor;
  Api& api;
  Log& log;
  std::string folder;  ///< for pipes, until they are open
};

struct CommandPlan {
  ProcessKey process;
  std::string spec;  ///< see commandSpec()
  bool terminal = false;
  bool input = false;
};

/// Starts it. FailedPrecondition where the container does not run. What the OCI runtime can't run is a
/// command that has ended: its words on the standard error, exit code 126 or 127.
Async<Result<std::shared_ptr<ContainerProcess>>> startCommand(CommandMeans means, CommandPlan plan);

}  // namespace berth::agent::containerd
