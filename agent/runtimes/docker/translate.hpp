// Between the runtime port's words and the Docker Engine's.
#pragma once

#include <string>
#include <string_view>

#include "agent/ports/runtime.hpp"
#include "common/result/result.hpp"
#include "proto/docker/create_body.hpp"
#include "proto/docker/messages.hpp"

namespace berth::agent {

/// Applies the floors and ceilings of Amazon's agent: CPU shares 2 to 262144, memory at least 4 MiB. What
/// dockerConfig and dockerHostConfig say is not touched. InvalidArgument for a mount path with a ':', which
/// the engine would take for a separator.
Result<docker::CreateBody> toCreateBody(const ContainerSpec& spec);

RuntimeContainer toRuntimeContainer(docker::ContainerInspect from);

/// Whether an existing volume is as the spec says it.
bool matches(const VolumeSpec& spec, const docker::Volume& volume);

/// The path of "unix:///run/docker.sock" or "unix:/run/docker.sock"; InvalidArgument for everything else.
Result<std::string> socketPath(std::string_view endpoint);

/// Whether an event's action may change what inspect answers: start, die, oom, stop, destroy, pause, unpause,
/// or a change of health.
bool changesContainer(std::string_view action);
/// The same as a filter of events: each exec of a health check would be told otherwise.
std::vector<std::string> changingActions();

}  // namespace berth::agent
