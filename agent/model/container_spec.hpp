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
  bool endpoints = false;            ///< task metadata is served: containers are told where
  bool taskRoles = true;             ///< containers are told where their role's credentials are
  bool taskRolesNetworkHost = true;  ///< also in the host's network
  bool memoryOfTask = true;          ///< a container without a memory limit gets its task's
  std::string nvidiaRuntime = "nvidia";
};

/// The label by which an agent finds the containers that are its own.
inline constexpr const char* kInstanceLabel = "dev.berth.container-instance";
inline constexpr const char* kClusterLabel = "com.amazonaws.ecs.cluster";
inline constexpr const char* kTaskLabel = "com.amazonaws.ecs.task-arn";
inline constexpr const char* kContainerLabel = "com.amazonaws.ecs.container-name";
inline constexpr const char* kEndpointLabel = "dev.berth.endpoint";  ///< Container::endpoint

/// The spec of one container (amazon-ecs-agent, agent/api/task): names, labels, environment with the region
/// and the URLs of metadata and credentials added, limits, ports, links, binds, GPUs and log options. A
/// container without a memory limit gets its task's. InvalidArgument when a mount point names a volume that
/// the task does not have, or a link or volumesFrom a container.
Result<ContainerSpec> containerSpec(const Task& task, const Container& container, const Identity& identity);

/// The name on the runtime of a volume that lives with its task, and of one that outlives it.
std::string volumeName(const Task& task, const acs::Volume& volume);

}  // namespace berth::agent
