#include "agent/runtimes/docker/translate.hpp"

#include <algorithm>
#include <array>

namespace berth::agent {
namespace {

constexpr std::array<std::string_view, 7> kChangingActions = {"start",   "die",   "oom",    "stop",
                                                              "destroy", "pause", "unpause"};
constexpr std::string_view kHealthAction = "health_status";

constexpr int64_t kLeastCpuShares = 2;
constexpr int64_t kMostCpuShares = 262144;
constexpr int64_t kLeastMemory = int64_t{4} << 20;
constexpr size_t kLongestHealthOutput = 1024;

Result<std::string> toBind(const Mount& mount) {
  for (const std::string& path : {mount.hostPath, mount.containerPath}) {
    if (path.find(':') != std::string::npos) {
      return makeError(Code::InvalidArgument,
                       "mount path \"" + path + "\" has a ':'; Docker can't mount that");
    }
  }
  // An anonymous volume has a path only; it can't be read-only.
  if (mount.hostPath.empty()) return mount.containerPath;
  return mount.hostPath + ":" + mount.containerPath + (mount.readOnly ? ":ro" : "");
}

RunState toRunState(std::string_view status) {
  if (status == "created") return RunState::Created;
  if (status == "running" || status == "paused" || status == "restarting") return RunState::Running;
  return RunState::Exited;
}

HealthState toHealthState(std::string_view status) {
  if (status == "starting") return HealthState::Unknown;
  if (status == "healthy") return HealthState::Healthy;
  if (status == "unhealthy") return HealthState::Unhealthy;
  return HealthState::None;
}

}  // namespace

Result<docker::CreateBody> toCreateBody(const ContainerSpec& spec) {
  docker::CreateBody body;
  body.image = spec.image;
  body.command = spec.command;
  body.entryPoint = spec.entryPoint;
  body.environment = spec.environment;
  const bool named = std::ranges::any_of(spec.fallbackEnvironment, [&](const auto& variable) {
    return spec.environment.contains(variable.first);
  });
  if (!named) body.environment.insert(spec.fallbackEnvironment.begin(), spec.fallbackEnvironment.end());
  body.logOptions = spec.logOptions;
  body.runtime = spec.runtime;
  body.labels = spec.labels;
  body.cpuShares = std::clamp(spec.cpuShares, kLeastCpuShares, kMostCpuShares);
  body.memoryBytes = spec.memoryBytes <= 0 ? 0 : std::max(spec.memoryBytes, kLeastMemory);
  body.networkMode = spec.networkMode;
  body.links = spec.links;
  body.volumesFrom = spec.volumesFrom;
  body.cgroupParent = spec.cgroupParent;
  body.pidMode = spec.pidMode;
  body.ipcMode = spec.ipcMode;
  for (const PortMapping& port : spec.ports) {
    body.ports.push_back(docker::PortBinding{.containerPort = port.containerPort,
                                             .protocol = port.protocol,
                                             .hostIp = port.bindIp,
                                             .hostPort = port.hostPort});
  }
  for (const Mount& mount : spec.mounts) {
    Result<std::string> bind = toBind(mount);
    if (!bind) return bind.error();
    body.binds.push_back(std::move(*bind));
  }
  body.config = spec.dockerConfig;
  body.hostConfig = spec.dockerHostConfig;
  return body;
}

RuntimeContainer toRuntimeContainer(docker::ContainerInspect from) {
  RuntimeContainer out;
  out.id = std::move(from.id);
  out.name = std::move(from.name);
  out.labels = std::move(from.labels);
  out.state = toRunState(from.status);
  out.pid = from.pid;
  if (out.state == RunState::Exited) out.exitCode = from.exitCode;
  out.oomKilled = from.oomKilled;
  out.error = std::move(from.error);
  out.imageId = std::move(from.imageId);
  out.createdAt = from.created;
  for (docker::Network& network : from.networks) {
    out.networks.push_back(NetworkAddress{std::move(network.name), std::move(network.ipv4),
                                          std::move(network.ipv6), std::move(network.mac)});
  }
  for (docker::MountPoint& mount : from.mounts) {
    out.mounts.push_back(
        MountedVolume{std::move(mount.name), std::move(mount.source), std::move(mount.destination)});
  }
  // Docker tells them in another order each time.
  std::ranges::sort(out.mounts, {}, &MountedVolume::destination);
  out.startedAt = from.startedAt;
  if (out.state == RunState::Exited) out.finishedAt = from.finishedAt;
  for (docker::PortBinding& port : from.ports) {
    if (port.hostPort == 0) continue;
    out.ports.push_back(PortMapping{.containerPort = port.containerPort,
                                    .hostPort = port.hostPort,
                                    .protocol = std::move(port.protocol),
                                    .bindIp = std::move(port.hostIp)});
  }
  if (from.health) {
    out.health = toHealthState(from.health->status);
    out.healthOutput = from.health->output.substr(0, kLongestHealthOutput);
    out.healthExitCode = from.health->exitCode;
  }
  return out;
}

bool matches(const VolumeSpec& spec, const docker::Volume& volume) {
  const std::string driver = spec.driver.empty() ? "local" : spec.driver;
  return driver == volume.driver && spec.options == volume.options && spec.labels == volume.labels;
}

Result<std::string> socketPath(std::string_view endpoint) {
  constexpr std::string_view kScheme = "unix:";
  std::string_view path = endpoint;
  if (path.starts_with(kScheme)) {
    path.remove_prefix(kScheme.size());
    if (path.starts_with("//")) path.remove_prefix(2);
    if (path.starts_with('/')) return std::string(path);
  }
  return makeError(Code::InvalidArgument, "Docker Engine endpoint \"" + std::string(endpoint) +
                                              "\" is not a unix socket; write unix:///var/run/docker.sock");
}

bool changesContainer(std::string_view action) {
  return action.starts_with(kHealthAction) ||
         std::ranges::find(kChangingActions, action) != kChangingActions.end();
}

std::vector<std::string> changingActions() {
  std::vector<std::string> out(kChangingActions.begin(), kChangingActions.end());
  out.emplace_back(kHealthAction);
  return out;
}

}  // namespace berth::agent
