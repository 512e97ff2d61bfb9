// What containers have written, of the log keeper's files, for streams.
#pragma once

#include <memory>

#include "agent/runtimes/containerd/outputs.hpp"
#include "agent/streams/container_streams.hpp"

namespace berth::agent::containerd {

/// Ends at the log's end, or, where it is followed, at that of a container that has ended. Lines longer than
/// 8 KiB come in parts. `outputs` must live as long.
std::shared_ptr<ContainerLog> keptContainerLog(std::shared_ptr<const Outputs> outputs, LogSpec spec);

/// The last lines, each cut at 1 KiB; waits a little for what a container that has ended has left. Behind
/// them it says, for people, how many lines could not be kept, or not be passed on.
Async<std::vector<std::string>> lastLines(std::shared_ptr<const Outputs> outputs, std::string id,
                                          size_t lines);

}  // namespace berth::agent::containerd
