#include "agent/model/support.hpp"

#include "agent/model/order.hpp"
#include "agent/ports/runtime.hpp"

namespace berth::agent {
namespace {

using Refusal = std::optional<std::string>;

Refusal refusedVolume(const acs::Task& task) {
  for (const acs::Volume& volume : task.volumes) {
    if (volume.kind == acs::VolumeKind::Other) {
      return "volume " + volume.name + " is of type " + volume.type +
             ", which this agent does not have: use host or docker";
    }
    if (volume.kind == acs::VolumeKind::Docker && volume.autoprovision && !volume.shared) {
      return "volume " + volume.name + " asks for autoprovision, which is for volumes of scope shared";
    }
  }
  return std::nullopt;
}

bool hasVolume(const acs::Task& task, const std::string& name) {
  for (const acs::Volume& volume : task.volumes) {
    if (volume.name == name) return true;
  }
  return false;
}

Refusal refusedContainer(const acs::Task& task, const acs::Container& container, const Support& support) {
  const std::string who = "container " + container.name;
  if (container.dockerConfig.privileged && !support.privileged) {
    return who + " asks to be privileged, which privileged.allowed forbids on this host";
  }
  if (task.memory > 0 && container.memory > task.memory) {
    return who + " asks for " + std::to_string(container.memory) + " MiB, and its whole task has " +
           std::to_string(task.memory);
  }
  if (!container.firelens.empty()) return who + " is a FireLens router, which this agent does not have";
  if (container.dockerConfig.logDriver == "awsfirelens") {
    return who + " has the log driver awsfirelens, which needs a FireLens router; this agent has none";
  }
  if (!container.credentialSpecs.empty()) return who + " has credentialSpecs, which this agent does not have";
  const bool fetches = !container.secrets.empty() || !container.environmentFiles.empty() ||
                       !container.registryAuthentication.type.empty();
  if (fetches && !support.secrets) {
    return who +
           " has secrets, environment files or registry credentials, and this agent has no source of them";
  }
  const bool by_role = container.logsAuthStrategy == "ExecutionRole";
  if (container.dockerConfig.logDriver == "awslogs" && by_role && !task.executionCredentials) {
    return who + " has its log written with the task's execution role, and the task has none";
  }
  for (const acs::Secret& secret : container.secrets) {
    // Options of a log driver have the type BOOTSTRAP, or none.
    const bool option = secret.target == "LOG_DRIVER" && secret.type == "BOOTSTRAP";
    if (secret.type.empty() || secret.type == "ENVIRONMENT_VARIABLE" || option) continue;
    return who + " has a secret of type " + secret.type + ", which this agent does not have: " + secret.name;
  }
  if (!container.healthCheckType.empty() && container.healthCheckType != "docker") {
    return who + " has a health check of type " + container.healthCheckType + ": only docker is known";
  }
  for (const acs::MountPoint& mount : container.mountPoints) {
    if (!hasVolume(task, mount.sourceVolume)) {
      return who + " mounts volume " + mount.sourceVolume + ", which the task does not have";
    }
  }
  return std::nullopt;
}

Refusal refusedModes(const acs::Task& task, const Support& support) {
  if (task.networkMode == kTaskNetworkMode && !support.taskNetworks) {
    return "networkMode awsvpc is not supported by this agent: use bridge, host or none";
  }
  if (task.networkInterfaces) {
    return "elastic network interfaces are not supported by this agent: in networkMode awsvpc the host gives "
           "the address";
  }
  for (const std::string& type : task.attachments) {
    return "an attachment of type " + type + " is not supported by this agent";
  }
  if (task.proxy) return "proxyConfiguration is not supported by this agent: it belongs to awsvpc";
  for (const acs::Association& association : task.associations) {
    if (association.type != "gpu") {
      return "association " + association.name + " is of type " + association.type + ": only gpu is known";
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> refusal(const acs::Task& task, const Support& support) {
  if (auto refused = refusedModes(task, support)) return refused;
  if (auto refused = refusedVolume(task)) return refused;
  for (const acs::Container& container : task.containers) {
    if (auto refused = refusedContainer(task, container, support)) return refused;
  }
  return std::nullopt;
}

}  // namespace berth::agent
