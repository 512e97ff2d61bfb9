#include <nlohmann/json.hpp>

#include "proto/acs/payload_codec.hpp"
#include "proto/json/writer.hpp"

namespace berth::acs {
namespace {

using json::Writer;

const char* conditionName(Condition condition) {
  switch (condition) {
    case Condition::Start:
      return "START";
    case Condition::Complete:
      return "COMPLETE";
    case Condition::Success:
      return "SUCCESS";
    case Condition::Healthy:
      return "HEALTHY";
  }
  return "START";
}

void put(Writer& out, const PortMapping& port) {
  out.openObject();
  out.integer("hostPort", port.hostPort);
  out.text("protocol", port.protocol);
  if (port.lastContainerPort != 0) {
    out.text("containerPortRange",
             std::to_string(port.containerPort) + "-" + std::to_string(port.lastContainerPort));
  } else {
    out.integer("containerPort", port.containerPort);
  }
  out.closeObject();
}

void put(Writer& out, const MountPoint& mount) {
  out.openObject();
  out.text("sourceVolume", mount.sourceVolume);
  out.text("containerPath", mount.containerPath);
  out.boolean("readOnly", mount.readOnly);
  out.closeObject();
}

void put(Writer& out, const VolumeFrom& from) {
  out.openObject();
  out.text("sourceContainer", from.sourceContainer);
  out.boolean("readOnly", from.readOnly);
  out.closeObject();
}

void put(Writer& out, const Dependency& dependency) {
  out.openObject();
  out.text("containerName", dependency.container);
  out.text("condition", conditionName(dependency.condition));
  out.closeObject();
}

void put(Writer& out, const Secret& secret) {
  out.openObject();
  out.text("name", secret.name);
  out.text("valueFrom", secret.valueFrom);
  out.text("provider", secret.provider);
  out.text("region", secret.region);
  out.text("type", secret.type);
  out.text("target", secret.target);
  out.closeObject();
}

void put(Writer& out, const EnvironmentFile& file) {
  out.openObject();
  out.text("value", file.value);
  out.text("type", file.type);
  out.closeObject();
}

void put(Writer& out, const std::string& text) { out.text(text); }
void put(Writer& out, int64_t number) { out.integer(number); }

// Lists of these are put before they are.
void put(Writer& out, const Container& container);
void put(Writer& out, const Volume& volume);
void put(Writer& out, const Association& association);
void put(Writer& out, const Task& task);

template <class List>
void putWhole(Writer& out, const char* name, const List& list) {
  out.openList(name);
  for (const auto& value : list) put(out, value);
  out.closeList();
}

/// Nothing for an empty list.
template <class List>
void putList(Writer& out, const char* name, const List& list) {
  if (!list.empty()) putWhole(out, name, list);
}

void putText(Writer& out, const char* name, const std::string& text) {
  if (!text.empty()) out.text(name, text);
}

void putMap(Writer& out, const char* name, const std::map<std::string, std::string>& map) {
  out.openObject(name);
  for (const auto& [key, value] : map) out.text(key, value);
  out.closeObject();
}

void putRegistry(Writer& out, const RegistryAuthentication& auth) {
  if (auth.type.empty()) return;
  out.openObject("registryAuthentication");
  out.text("type", auth.type);
  const bool secret = auth.type == "asm";
  out.openObject(secret ? "asmAuthData" : "ecrAuthData");
  out.text("region", auth.region);
  if (secret) {
    out.text("credentialsParameter", auth.credentialsParameter);
  } else {
    out.text("registryId", auth.registryId);
    out.text("endpointOverride", auth.endpointOverride);
    out.boolean("useExecutionRole", auth.useExecutionRole);
  }
  out.closeObject();
  out.closeObject();
}

void putRestarts(Writer& out, const RestartPolicy& policy) {
  if (!policy.enabled) return;
  out.openObject("restartPolicy");
  out.boolean("enabled", true);
  putWhole(out, "ignoredExitCodes", policy.ignoredExitCodes);
  out.integer("restartAttemptPeriod", policy.attemptPeriod);
  out.closeObject();
}

void putDocker(Writer& out, const DockerConfig& docker) {
  if (docker.version.empty() && docker.config.empty() && docker.hostConfig.empty()) return;
  out.openObject("dockerConfig");
  putText(out, "version", docker.version);
  putText(out, "config", docker.config);
  putText(out, "hostConfig", docker.hostConfig);
  out.closeObject();
}

/// What else it has than itself.
void putSurroundings(Writer& out, const Container& container) {
  putList(out, "environmentFiles", container.environmentFiles);
  putList(out, "secrets", container.secrets);
  putList(out, "portMappings", container.portMappings);
  putList(out, "mountPoints", container.mountPoints);
  putList(out, "volumesFrom", container.volumesFrom);
  putList(out, "dependsOn", container.dependsOn);
  putList(out, "links", container.links);
  putList(out, "credentialSpecs", container.credentialSpecs);
  if (!container.managedAgents.empty()) {
    out.openList("managedAgents");
    for (const std::string& name : container.managedAgents) {
      out.openObject();
      out.text("name", name);
      out.closeObject();
    }
    out.closeList();
  }
  putRestarts(out, container.restartPolicy);
  putRegistry(out, container.registryAuthentication);
  if (container.firelens.empty()) return;
  out.openObject("firelensConfiguration");
  out.text("type", container.firelens);
  out.closeObject();
}

void put(Writer& out, const Container& container) {
  out.openObject();
  out.text("name", container.name);
  out.text("image", container.image);
  out.boolean("essential", container.essential);
  out.integer("cpu", container.cpu);
  out.integer("memory", container.memory);
  putMap(out, "environment", container.environment);
  putText(out, "containerArn", container.containerArn);
  if (container.command) putWhole(out, "command", *container.command);
  if (container.entryPoint) putWhole(out, "entryPoint", *container.entryPoint);
  if (container.startTimeout) out.integer("startTimeout", *container.startTimeout);
  if (container.stopTimeout) out.integer("stopTimeout", *container.stopTimeout);
  putText(out, "healthCheckType", container.healthCheckType);
  putText(out, "logsAuthStrategy", container.logsAuthStrategy);
  putSurroundings(out, container);
  putDocker(out, container.dockerConfig);
  out.closeObject();
}

void put(Writer& out, const Volume& volume) {
  out.openObject();
  out.text("name", volume.name);
  out.text("type", volume.type);
  if (volume.kind == VolumeKind::Host) {
    out.openObject("host");
    putText(out, "sourcePath", volume.sourcePath);
    out.closeObject();
  } else if (volume.kind == VolumeKind::Docker) {
    out.openObject("dockerVolumeConfiguration");
    out.text("scope", volume.shared ? "shared" : "task");
    out.boolean("autoprovision", volume.autoprovision);
    putText(out, "driver", volume.driver);
    if (!volume.driverOpts.empty()) putMap(out, "driverOpts", volume.driverOpts);
    if (!volume.labels.empty()) putMap(out, "labels", volume.labels);
    out.closeObject();
  }
  out.closeObject();
}

void put(Writer& out, const Association& association) {
  out.openObject();
  out.text("type", association.type);
  out.text("name", association.name);
  putWhole(out, "containers", association.containers);
  out.openObject("content");
  out.text("encoding", "identity");
  out.text("value", association.content);
  out.closeObject();
  out.closeObject();
}

void putCredentials(Writer& out, const char* name, const std::optional<Credentials>& credentials) {
  if (!credentials) return;
  out.openObject(name);
  out.text("credentialsId", credentials->id);
  out.text("roleArn", credentials->roleArn);
  out.text("accessKeyId", credentials->accessKeyId);
  out.text("secretAccessKey", credentials->secretAccessKey);
  out.text("sessionToken", credentials->sessionToken);
  out.text("expiration", credentials->expiration);
  out.closeObject();
}

void put(Writer& out, const Task& task) {
  out.openObject();
  out.text("arn", task.arn);
  out.text("desiredStatus", task.desiredStatus);
  out.text("family", task.family);
  out.text("version", task.version);
  putText(out, "group", task.group);
  putText(out, "serviceName", task.serviceName);
  putText(out, "networkMode", task.networkMode);
  putText(out, "launchType", task.launchType);
  putText(out, "pidMode", task.pidMode);
  putText(out, "ipcMode", task.ipcMode);
  if (task.cpu > 0) out.real("cpu", task.cpu);
  if (task.memory > 0) out.integer("memory", task.memory);
  if (task.begun) out.text("knownStatus", "RUNNING");
  putWhole(out, "containers", task.containers);
  putList(out, "volumes", task.volumes);
  putList(out, "associations", task.associations);
  putCredentials(out, "roleCredentials", task.roleCredentials);
  putCredentials(out, "executionRoleCredentials", task.executionCredentials);
  out.closeObject();
}

}  // namespace

nlohmann::json encodeCredentials(const Credentials& credentials) {
  return nlohmann::json{
      {"credentialsId", credentials.id},          {"roleArn", credentials.roleArn},
      {"accessKeyId", credentials.accessKeyId},   {"secretAccessKey", credentials.secretAccessKey},
      {"sessionToken", credentials.sessionToken}, {"expiration", credentials.expiration}};
}

std::string encodePayload(const PayloadMessage& payload) {
  Writer out;
  out.openObject();
  out.text("type", "PayloadMessage");
  out.openObject("message");
  out.text("messageId", payload.messageId);
  out.text("clusterArn", payload.clusterArn);
  out.text("containerInstanceArn", payload.containerInstanceArn);
  out.integer("seqNum", payload.seqNum);
  out.integer("generatedAt", payload.generatedAt);
  putWhole(out, "tasks", payload.tasks);
  out.closeObject();
  out.closeObject();
  return out.str();
}

}  // namespace berth::acs
