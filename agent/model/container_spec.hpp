// From a payload's container to what the runtime is asked to create.
#pragma once

#include <string>

#include "agent/model/task.hpp"

namespace berth::agent {

/// What this agent is, as far as containers carry it.
struct Identity {
  std::string cluster;      ///< as configured: name or ARN
  std::string instanceArn;  ///< of the container instance
  std::string region;
};

/// The label by which an agent finds the containers that are its own.
inline constexpr const char* kInstanceLabel = "dev.berth.container-instance";
inline constexpr const char* kTaskLabel = "com.amazonaws.ecs.task-arn";
inline constexpr const char* kContainerLabel = "com.amazonaws.ecs.container-name";

/// The spec of one container (amazon-ecs-agent, agent/api/task): names, labels, environment with the region
/// added, limits, ports and binds. A container without a memory limit gets its task's. InvalidArgument when a
/// mount point names a volume that the task does not have.
Result<ContainerSpec> containerSpec(const Task& task, const Container& container, const Identity& identity);

}  // namespace berth::agent
