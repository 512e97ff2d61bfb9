#include "agent/model/set_up.hpp"

#include <algorithm>

#include "agent/model/container_spec.hpp"

namespace berth::agent {
namespace {

constexpr int64_t kLeastShares = 2;
constexpr int64_t kMostShares = 262144;
constexpr int64_t kBytesOfMegabyte = int64_t{1} << 20;

void putVolume(TaskSetUp& out, const Task& task, const acs::Volume& volume, const GroupRules& rules) {
  const bool docker = volume.kind == acs::VolumeKind::Docker;
  if (!docker && !volume.sourcePath.empty()) return;
  VolumeSpec spec;
  spec.name = volumeName(task, volume);
  spec.driver = volume.driver;
  spec.options = volume.driverOpts;
  spec.labels = volume.labels;
  const bool shared = docker && volume.shared;
  spec.mustExist = shared && !volume.autoprovision;
  spec.mustMatch = shared && rules.matchVolumes;
  if (!shared) {
    spec.labels[kTaskLabel] = task.arn;
    out.ownVolumes.push_back(spec.name);
  }
  out.volumes.push_back(std::move(spec));
}

std::optional<GroupLimits> groupOf(const Task& task, const GroupRules& rules) {
  if (!rules.enabled) return std::nullopt;
  if (task.spec.cpu <= 0 && task.spec.memory <= 0 && rules.pids <= 0) return std::nullopt;
  GroupLimits limits;
  limits.cpus = task.spec.cpu;
  for (const Container& container : task.containers) {
    limits.shares += std::max(container.spec.cpu, kLeastShares);
  }
  limits.shares = std::clamp(limits.shares, kLeastShares, kMostShares);
  limits.memoryBytes = task.spec.memory * kBytesOfMegabyte;
  limits.pids = rules.pids;
  return limits;
}

void putPortWishes(TaskSetUp& out, const Container& container) {
  if (container.known >= ContainerStatus::Created) return;
  const auto& mappings = container.spec.portMappings;
  for (size_t i = 0; i < mappings.size(); ++i) {
    const acs::PortMapping& port = mappings[i];
    const bool range = port.lastContainerPort != 0;
    if (port.hostPort != 0 || (!range && !container.spec.restartPolicy.enabled)) continue;
    const int64_t count = range ? port.lastContainerPort - port.containerPort + 1 : 1;
    out.ports.push_back(PortWish{container.spec.name, i, static_cast<uint16_t>(count), port.protocol});
  }
}

}  // namespace

TaskSetUp setUpOf(const Task& task, const GroupRules& rules) {
  TaskSetUp out;
  out.taskId = idOf(task);
  out.network = hasOwnNetwork(task.spec);
  for (const acs::Volume& volume : task.spec.volumes) putVolume(out, task, volume, rules);
  out.group = groupOf(task, rules);
  const bool bridge = task.spec.networkMode.empty() || task.spec.networkMode == "bridge";
  for (const Container& container : task.containers) {
    if (bridge) putPortWishes(out, container);
  }
  return out;
}

}  // namespace berth::agent
