#include "agent/endpoints/task_view.hpp"

#include <algorithm>
#include <ranges>
#include <set>

#include "agent/model/causes.hpp"

namespace berth::agent::endpoints {
namespace {

constexpr int64_t kMebibyte = int64_t{1} << 20;

std::string healthName(HealthState state) {
  switch (state) {
    case HealthState::Healthy:
      return "HEALTHY";
    case HealthState::Unhealthy:
      return "UNHEALTHY";
    default:
      return "UNKNOWN";
  }
}

/// The task is as far as the container that is least far, among those that can still move.
std::string knownStatusOf(const Task& task) {
  const TaskStatus status = statusOf(task);
  if (status != TaskStatus::Pending) return std::string(name(status));
  ContainerStatus least = ContainerStatus::Created;
  for (const Container& container : task.containers) {
    if (container.known < least) least = container.known;
  }
  return std::string(name(least));
}

/// All that listens at the task's own address, without being published.
void putOwnPorts(ContainerView& out, const Container& container) {
  for (const acs::PortMapping& port : container.spec.portMappings) {
    const int64_t last = std::max(port.containerPort, port.lastContainerPort);
    for (int64_t number = port.containerPort; number <= last; ++number)
      out.ports.push_back(
          PortView{static_cast<uint16_t>(number), port.protocol, static_cast<uint16_t>(number), ""});
  }
}

void putExtras(NetworkExtras& out, const TaskNetwork& network) {
  out.attachmentIndex = 0;
  out.macAddress = network.mac;
  out.ipv4SubnetCidr = network.subnet;
  out.domainNameServers = network.nameServers;
  out.domainNameSearchList = network.searchDomains;
  out.privateDnsName = network.hostname;
  // With the prefix, as Amazon's agent shows it.
  const size_t slash = network.subnet.find('/');
  if (!network.gateway.empty() && slash != std::string::npos)
    out.subnetGatewayIpv4 = network.gateway + network.subnet.substr(slash);
}

void putNetworks(ContainerView& out, const Task& task, const Container& container) {
  for (const NetworkAddress& from : container.networks) {
    NetworkView network;
    network.mode = from.network.empty() ? task.spec.networkMode : from.network;
    if (!from.ipv4.empty()) network.ipv4Addresses.push_back(from.ipv4);
    if (!from.ipv6.empty()) network.ipv6Addresses.push_back(from.ipv6);
    if (task.network && network.mode == kTaskNetworkMode) putExtras(network.extras, *task.network);
    out.networks.push_back(std::move(network));
  }
}

void putMounts(std::vector<VolumeView>& out, const Task& task, const Container& container) {
  for (const acs::MountPoint& mount : container.spec.mountPoints) {
    for (const acs::Volume& volume : task.spec.volumes) {
      const bool taken = std::ranges::count(out, mount.containerPath, &VolumeView::destination) > 0;
      if (volume.name != mount.sourceVolume || taken) continue;
      const bool named = volume.sourcePath.empty();
      out.push_back(
          VolumeView{named ? volumeName(task, volume) : "", volume.sourcePath, mount.containerPath});
    }
  }
}

/// Its own, and those that it takes from others, which take from others in turn. Of several at one place the
/// runtime mounts its own, and else that of the container which is named last.
void putVolumes(std::vector<VolumeView>& out, const Task& task, const Container& container,
                std::set<std::string>& seen) {
  if (!seen.insert(container.spec.name).second) return;
  putMounts(out, task, container);
  for (const acs::VolumeFrom& from : std::views::reverse(container.spec.volumesFrom)) {
    const auto other = std::ranges::find_if(
        task.containers, [&](const Container& one) { return one.spec.name == from.sourceContainer; });
    if (other != task.containers.end()) putVolumes(out, task, *other, seen);
  }
}

ContainerView containerView(const Task& task, const Container& container) {
  ContainerView out;
  out.endpointId = container.endpoint;
  out.dockerId = container.runtimeId;
  out.name = container.spec.name;
  if (container.internal) out.type = "NAMESPACE_PAUSE";
  out.dockerName = container.runtimeName;
  out.image = container.spec.image;
  out.imageId = container.imageId;
  out.desiredStatus = mustStop(task) ? "STOPPED" : "RUNNING";
  out.knownStatus = name(container.known);
  out.exitCode = container.exitCode;
  out.cpu = static_cast<double>(container.spec.cpu);
  out.memory = container.spec.memory;
  out.createdAt = container.createdAt;
  out.startedAt = container.startedAt;
  out.finishedAt = container.finishedAt;
  for (const PortMapping& port : container.ports) {
    out.ports.push_back(PortView{port.containerPort, port.protocol, port.hostPort, port.bindIp});
  }
  if (hasOwnNetwork(task.spec) && container.known == ContainerStatus::Running) putOwnPorts(out, container);
  out.labels = container.labels;
  putNetworks(out, task, container);
  std::set<std::string> seen;
  if (container.mounts.empty()) putVolumes(out.volumes, task, container, seen);
  for (const MountedVolume& mount : container.mounts) {
    out.volumes.push_back(VolumeView{mount.name, mount.source, mount.destination});
  }
  if (container.health != HealthState::None) {
    out.health = HealthView{healthName(container.health), container.healthSince, container.healthExitCode,
                            container.healthOutput};
  }
  if (container.spec.restartPolicy.enabled) out.restartCount = container.restarts;
  out.logDriver = container.spec.dockerConfig.logDriver;
  out.logOptions = container.spec.dockerConfig.logOptions;
  out.containerArn = container.spec.containerArn;
  return out;
}

std::string progressOf(const PullStatus& pull) {
  switch (pull.phase) {
    case PullPhase::Checking:
      return "the registry, to say what the image's name stands for";
    case PullPhase::Queued:
      return "its turn to be pulled: " + pull.waitingFor;
    case PullPhase::Downloading:
      return "its image, of which " + std::to_string(pull.bytesDone / kMebibyte) + " of " +
             std::to_string(pull.bytesTotal / kMebibyte) + " MiB known so far are here";
    case PullPhase::Extracting:
      return "its image, which is being unpacked";
  }
  return "its image";
}

WhyView whyOf(const Task& task, const Waiting& waiting, const std::vector<PullStatus>& pulls) {
  WhyView out{"container " + waiting.key.container, "waits for " + waiting.what, waiting.since, waiting.until,
              ""};
  for (const Container& container : task.containers) {
    if (container.spec.name != waiting.key.container || container.inFlight != Step::Pull) continue;
    const auto pull = std::ranges::find(pulls, container.spec.image, &PullStatus::image);
    if (pull == pulls.end()) continue;
    out.what = "waits for " + progressOf(*pull);
    out.until = pull->deadline;
  }
  return out;
}

}  // namespace

TaskView viewOf(const Task& task, const Identity& identity, const InstanceFacts& facts,
                const std::vector<Waiting>& waiting, const std::vector<PullStatus>& pulls) {
  TaskView out;
  out.cluster = identity.cluster;
  out.taskArn = task.arn;
  out.family = task.spec.family;
  out.revision = task.spec.version;
  out.desiredStatus = mustStop(task) ? "STOPPED" : "RUNNING";
  out.knownStatus = knownStatusOf(task);
  out.networkMode = task.spec.networkMode.empty() ? "bridge" : task.spec.networkMode;
  if (task.spec.cpu > 0) out.cpu = task.spec.cpu;
  if (task.spec.memory > 0) out.memory = task.spec.memory;
  for (const Container& container : task.containers) out.containers.push_back(containerView(task, container));
  out.pullStartedAt = task.pullStartedAt;
  out.pullStoppedAt = task.pullStoppedAt;
  out.executionStoppedAt = task.executionStoppedAt;
  out.availabilityZone = facts.availabilityZone;
  for (const acs::Association& association : task.spec.associations) {
    out.associations.push_back(
        AssociationView{association.containers, association.type, association.name, association.content});
  }
  if (identity.taskRoles) out.credentialsId = task.roleId;
  out.launchType = task.spec.launchType.empty() ? "EC2" : task.spec.launchType;
  out.serviceName = task.spec.serviceName;
  for (const Waiting& one : waiting) out.why.push_back(whyOf(task, one, pulls));
  out.causes = causesOf(task);
  if (const Container* container = culprit(task)) out.lastLogLines = container->lastLines;
  return out;
}

RoleCredentials credentialsOf(const acs::Credentials& from, const std::string& taskArn,
                              RoleCredentials::Role role) {
  return RoleCredentials{
      taskArn,           role,           from.roleArn, from.accessKeyId, from.secretAccessKey,
      from.sessionToken, from.expiration};
}

bool isPulling(const Task& task) {
  return std::ranges::any_of(task.containers,
                             [](const Container& one) { return one.inFlight == Step::Pull; });
}

}  // namespace berth::agent::endpoints
