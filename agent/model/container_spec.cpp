#include "agent/model/container_spec.hpp"

#include <algorithm>

namespace berth::agent {
namespace {

constexpr int64_t kMiB = 1024 * 1024;

const acs::Volume* findVolume(const Task& task, const std::string& name) {
  for (const acs::Volume& volume : task.spec.volumes) {
    if (volume.name == name) return &volume;
  }
  return nullptr;
}

Error unknown(const Container& container, const std::string& what) {
  return makeError(Code::InvalidArgument,
                   "container " + container.spec.name + " " + what + ", which the task does not have");
}

void putEnvironment(ContainerSpec& spec, const Task& task, const Container& container,
                    const Identity& identity) {
  spec.environment = container.spec.environment;
  spec.fallbackEnvironment = {{"AWS_REGION", identity.region}, {"AWS_DEFAULT_REGION", identity.region}};
  const bool host = task.spec.networkMode == "host";
  if (!task.roleId.empty() && identity.taskRoles && (identity.taskRolesNetworkHost || !host)) {
    spec.environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/" + task.roleId;
  }
  if (!identity.endpoints || container.endpoint.empty()) return;
  const std::string base = "http://169.254.170.2/";
  spec.environment["ECS_CONTAINER_METADATA_URI"] = base + "v3/" + container.endpoint;
  spec.environment["ECS_CONTAINER_METADATA_URI_V4"] = base + "v4/" + container.endpoint;
  spec.environment["ECS_AGENT_URI"] = base + "api/" + container.endpoint;
}

void putGpus(ContainerSpec& spec, const Task& task, const Container& container, const Identity& identity) {
  std::string gpus;
  for (const acs::Association& association : task.spec.associations) {
    if (association.type != "gpu" || !std::ranges::count(association.containers, container.spec.name))
      continue;
    gpus += (gpus.empty() ? "" : ",") + association.name;
  }
  if (gpus.empty()) return;
  spec.environment["NVIDIA_VISIBLE_DEVICES"] = gpus;
  spec.runtime = identity.nvidiaRuntime;
}

void putLogOptions(ContainerSpec& spec, const Task& task, const Container& container) {
  const auto& given = container.spec.dockerConfig.logOptions;
  const auto mode = given.find("mode");
  if (mode != given.end() && mode->second == "non-blocking" && !given.contains("max-buffer-size")) {
    spec.logOptions["max-buffer-size"] = "10m";
  }
  const bool by_role = container.spec.logsAuthStrategy == "ExecutionRole" && !task.executionRoleId.empty();
  if (container.spec.dockerConfig.logDriver == "awslogs" && by_role) {
    spec.logOptions["awslogs-credentials-endpoint"] = "/v2/credentials/" + task.executionRoleId;
  }
}

/// Each port of a range is published by itself; the runtime knows no ranges.
void putPorts(ContainerSpec& spec, const Container& container) {
  const auto& mappings = container.spec.portMappings;
  for (size_t i = 0; i < mappings.size(); ++i) {
    const acs::PortMapping& from = mappings[i];
    int64_t host = from.hostPort;
    if (host == 0 && i < container.hostPorts.size()) host = container.hostPorts[i];
    const int64_t last = std::max(from.containerPort, from.lastContainerPort);
    for (int64_t port = from.containerPort; port <= last; ++port) {
      PortMapping mapping;
      mapping.containerPort = static_cast<uint16_t>(port);
      mapping.hostPort = static_cast<uint16_t>(host == 0 ? 0 : host + port - from.containerPort);
      mapping.protocol = from.protocol;
      spec.ports.push_back(mapping);
    }
  }
}

Status putMounts(ContainerSpec& spec, const Task& task, const Container& container) {
  for (const acs::MountPoint& mount : container.spec.mountPoints) {
    const acs::Volume* volume = findVolume(task, mount.sourceVolume);
    if (!volume) return unknown(container, "mounts volume " + mount.sourceVolume);
    std::string source = volume->sourcePath.empty() ? volumeName(task, *volume) : volume->sourcePath;
    spec.mounts.push_back(Mount{std::move(source), mount.containerPath, mount.readOnly});
  }
  return {};
}

Status putNeighbours(ContainerSpec& spec, const Task& task, const Container& container) {
  const auto nameOf = [&](const std::string& name) -> std::string {
    for (const Container& other : task.containers) {
      if (other.spec.name == name) return other.runtimeName;
    }
    return {};
  };
  for (const std::string& link : container.spec.links) {
    const size_t colon = link.find(':');
    const std::string other = nameOf(link.substr(0, colon));
    if (other.empty()) return unknown(container, "links to " + link.substr(0, colon));
    spec.links.push_back(other + ":" + (colon == std::string::npos ? link : link.substr(colon + 1)));
  }
  for (const acs::VolumeFrom& from : container.spec.volumesFrom) {
    const std::string other = nameOf(from.sourceContainer);
    if (other.empty()) return unknown(container, "takes volumes from " + from.sourceContainer);
    spec.volumesFrom.push_back(other + (from.readOnly ? ":ro" : ""));
  }
  return {};
}

void putNamespaces(ContainerSpec& spec, const Task& task, const Container& container) {
  std::string holder;
  for (const Container& other : task.containers) {
    if (other.internal && &other != &container) holder = "container:" + other.runtimeName;
  }
  if (container.internal) {
    spec.networkMode = "none";
    if (task.spec.ipcMode == "task") spec.ipcMode = "shareable";
    return;
  }
  spec.pidMode = task.spec.pidMode == "task" ? holder : task.spec.pidMode;
  spec.ipcMode = task.spec.ipcMode == "task" ? holder : task.spec.ipcMode;
}

}  // namespace

std::string volumeName(const Task& task, const acs::Volume& volume) {
  if (volume.kind == acs::VolumeKind::Docker && volume.shared) return volume.name;
  return runtimeName(task.spec, volume.name);
}

Result<ContainerSpec> containerSpec(const Task& task, const Container& container, const Identity& identity) {
  const acs::Container& from = container.spec;
  ContainerSpec spec;
  spec.name = container.runtimeName;
  spec.image = from.image;
  spec.command = from.command;
  spec.entryPoint = from.entryPoint;
  putEnvironment(spec, task, container, identity);
  putGpus(spec, task, container, identity);
  putLogOptions(spec, task, container);
  spec.labels = {{kTaskLabel, task.arn},
                 {kContainerLabel, from.name},
                 {"com.amazonaws.ecs.task-definition-family", task.spec.family},
                 {"com.amazonaws.ecs.task-definition-version", task.spec.version},
                 {kClusterLabel, identity.cluster},
                 {kInstanceLabel, identity.instanceArn}};
  if (!container.endpoint.empty()) spec.labels[kEndpointLabel] = container.endpoint;
  spec.cpuShares = from.cpu;
  const int64_t of_task = identity.memoryOfTask ? task.spec.memory : 0;
  spec.memoryBytes = (from.memory > 0 ? from.memory : of_task) * kMiB;
  spec.networkMode = task.spec.networkMode.empty() ? "bridge" : task.spec.networkMode;
  if (hasOwnNetwork(task.spec)) spec.networkMode = networkModeOf(idOf(task));
  if (spec.networkMode == "bridge" && !container.internal) putPorts(spec, container);
  if (Status mounted = putMounts(spec, task, container); !mounted) return mounted.error();
  if (Status found = putNeighbours(spec, task, container); !found) return found.error();
  spec.cgroupParent = task.cgroupParent;
  putNamespaces(spec, task, container);
  spec.dockerConfig = from.dockerConfig.config;
  spec.dockerHostConfig = from.dockerConfig.hostConfig;
  return spec;
}

}  // namespace berth::agent
