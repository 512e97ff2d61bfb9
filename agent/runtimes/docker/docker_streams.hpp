// Commands in containers and their output, on a Docker Engine.
#pragma once

#include <memory>

#include "agent/runtimes/docker/engine_api.hpp"
#include "agent/streams/container_streams.hpp"
#include "common/log/log.hpp"

namespace berth::agent {

/// `log` must outlive it and what it has opened.
std::unique_ptr<ContainerStreams> dockerStreams(std::shared_ptr<EngineApi> api, Log& log);

}  // namespace berth::agent
