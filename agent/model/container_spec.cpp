#include "agent/model/container_spec.hpp"

namespace berth::agent {
namespace {

constexpr int64_t kMiB = 1024 * 1024;

const acs::Volume* findVolume(const Task& task, const std::string& name) {
  for (const acs::Volume& volume : task.spec.volumes) {
    if (volume.name == name) return &volume;
  }
  return nullptr;
}

}  // namespace

Result<ContainerSpec> containerSpec(const Task& task, const Container& container, const Identity& identity) {
  const acs::Container& from = container.spec;
  ContainerSpec spec;
  spec.name = container.runtimeName;
  spec.image = from.image;
  spec.command = from.command;
  spec.entryPoint = from.entryPoint;
  spec.environment = from.environment;
  spec.environment.try_emplace("AWS_REGION", identity.region);
  spec.environment.try_emplace("AWS_DEFAULT_REGION", identity.region);
  spec.labels = {{kTaskLabel, task.arn},
                 {kContainerLabel, from.name},
                 {"com.amazonaws.ecs.task-definition-family", task.spec.family},
                 {"com.amazonaws.ecs.task-definition-version", task.spec.version},
                 {"com.amazonaws.ecs.cluster", identity.cluster},
                 {kInstanceLabel, identity.instanceArn}};
  spec.cpuShares = from.cpu;
  spec.memoryBytes = (from.memory > 0 ? from.memory : task.spec.memory) * kMiB;
  spec.networkMode = task.spec.networkMode.empty() ? "bridge" : task.spec.networkMode;
  if (spec.networkMode == "bridge") {
    for (const acs::PortMapping& port : from.portMappings) {
      PortMapping mapping;
      mapping.containerPort = static_cast<uint16_t>(port.containerPort);
      mapping.hostPort = static_cast<uint16_t>(port.hostPort);
      mapping.protocol = port.protocol;
      spec.ports.push_back(mapping);
    }
  }
  for (const acs::MountPoint& mount : from.mountPoints) {
    const acs::Volume* volume = findVolume(task, mount.sourceVolume);
    if (!volume) {
      return makeError(Code::InvalidArgument, "container " + from.name + " mounts volume " +
                                                  mount.sourceVolume + ", which the task does not have");
    }
    spec.mounts.push_back(Mount{volume->sourcePath, mount.containerPath, mount.readOnly});
  }
  spec.dockerConfig = from.dockerConfig.config;
  spec.dockerHostConfig = from.dockerConfig.hostConfig;
  return spec;
}

}  // namespace berth::agent
