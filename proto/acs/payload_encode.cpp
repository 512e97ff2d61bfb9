#include <nlohmann/json.hpp>

#include "proto/acs/payload_codec.hpp"

namespace berth::acs {
namespace {

using Json = nlohmann::json;

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

Json encodePort(const PortMapping& port) {
  Json out{{"hostPort", port.hostPort}, {"protocol", port.protocol}};
  if (port.lastContainerPort != 0) {
    out["containerPortRange"] =
        std::to_string(port.containerPort) + "-" + std::to_string(port.lastContainerPort);
  } else {
    out["containerPort"] = port.containerPort;
  }
  return out;
}

Json encodeMount(const MountPoint& mount) {
  return Json{{"sourceVolume", mount.sourceVolume},
              {"containerPath", mount.containerPath},
              {"readOnly", mount.readOnly}};
}

Json encodeVolumeFrom(const VolumeFrom& from) {
  return Json{{"sourceContainer", from.sourceContainer}, {"readOnly", from.readOnly}};
}

Json encodeDependency(const Dependency& dependency) {
  return Json{{"containerName", dependency.container}, {"condition", conditionName(dependency.condition)}};
}

Json encodeSecret(const Secret& secret) {
  return Json{{"name", secret.name},     {"valueFrom", secret.valueFrom}, {"provider", secret.provider},
              {"region", secret.region}, {"type", secret.type},           {"target", secret.target}};
}

Json encodeEnvironmentFile(const EnvironmentFile& file) {
  return Json{{"value", file.value}, {"type", file.type}};
}

Json encodeRegistry(const RegistryAuthentication& auth) {
  Json data{{"region", auth.region}};
  if (auth.type == "asm") {
    data["credentialsParameter"] = auth.credentialsParameter;
    return Json{{"type", auth.type}, {"asmAuthData", std::move(data)}};
  }
  data["registryId"] = auth.registryId;
  data["endpointOverride"] = auth.endpointOverride;
  data["useExecutionRole"] = auth.useExecutionRole;
  return Json{{"type", auth.type}, {"ecrAuthData", std::move(data)}};
}

/// Puts a list under `name`, unless it is empty.
template <class List, class Encode>
void putList(Json& out, const char* name, const List& list, Encode encode) {
  if (list.empty()) return;
  Json values = Json::array();
  for (const auto& value : list) values.push_back(encode(value));
  out[name] = std::move(values);
}

void putText(Json& out, const char* name, const std::string& text) {
  if (!text.empty()) out[name] = text;
}

Json asItIs(const std::string& text) { return text; }

Json encodeContainer(const Container& container) {
  Json out{{"name", container.name}, {"image", container.image},   {"essential", container.essential},
           {"cpu", container.cpu},   {"memory", container.memory}, {"environment", container.environment}};
  putText(out, "containerArn", container.containerArn);
  if (container.command) out["command"] = *container.command;
  if (container.entryPoint) out["entryPoint"] = *container.entryPoint;
  if (container.startTimeout) out["startTimeout"] = *container.startTimeout;
  if (container.stopTimeout) out["stopTimeout"] = *container.stopTimeout;
  putText(out, "healthCheckType", container.healthCheckType);
  putText(out, "logsAuthStrategy", container.logsAuthStrategy);
  putList(out, "environmentFiles", container.environmentFiles, encodeEnvironmentFile);
  putList(out, "secrets", container.secrets, encodeSecret);
  putList(out, "portMappings", container.portMappings, encodePort);
  putList(out, "mountPoints", container.mountPoints, encodeMount);
  putList(out, "volumesFrom", container.volumesFrom, encodeVolumeFrom);
  putList(out, "dependsOn", container.dependsOn, encodeDependency);
  putList(out, "links", container.links, asItIs);
  putList(out, "credentialSpecs", container.credentialSpecs, asItIs);
  putList(out, "managedAgents", container.managedAgents,
          [](const std::string& name) { return Json{{"name", name}}; });
  if (container.restartPolicy.enabled) {
    out["restartPolicy"] = Json{{"enabled", true},
                                {"ignoredExitCodes", container.restartPolicy.ignoredExitCodes},
                                {"restartAttemptPeriod", container.restartPolicy.attemptPeriod}};
  }
  if (!container.registryAuthentication.type.empty()) {
    out["registryAuthentication"] = encodeRegistry(container.registryAuthentication);
  }
  if (!container.firelens.empty()) out["firelensConfiguration"] = Json{{"type", container.firelens}};
  Json docker = Json::object();
  putText(docker, "version", container.dockerConfig.version);
  putText(docker, "config", container.dockerConfig.config);
  putText(docker, "hostConfig", container.dockerConfig.hostConfig);
  if (!docker.empty()) out["dockerConfig"] = std::move(docker);
  return out;
}

Json encodeVolume(const Volume& volume) {
  Json out{{"name", volume.name}, {"type", volume.type}};
  if (volume.kind == VolumeKind::Host) {
    out["host"] = Json::object();
    putText(out["host"], "sourcePath", volume.sourcePath);
  } else if (volume.kind == VolumeKind::Docker) {
    Json config{{"scope", volume.shared ? "shared" : "task"}, {"autoprovision", volume.autoprovision}};
    putText(config, "driver", volume.driver);
    if (!volume.driverOpts.empty()) config["driverOpts"] = volume.driverOpts;
    if (!volume.labels.empty()) config["labels"] = volume.labels;
    out["dockerVolumeConfiguration"] = std::move(config);
  }
  return out;
}

Json encodeAssociation(const Association& association) {
  return Json{{"type", association.type},
              {"name", association.name},
              {"containers", association.containers},
              {"content", Json{{"encoding", "identity"}, {"value", association.content}}}};
}

}  // namespace

Json encodeCredentials(const Credentials& credentials) {
  return Json{{"credentialsId", credentials.id},          {"roleArn", credentials.roleArn},
              {"accessKeyId", credentials.accessKeyId},   {"secretAccessKey", credentials.secretAccessKey},
              {"sessionToken", credentials.sessionToken}, {"expiration", credentials.expiration}};
}

Json encodeTask(const Task& task) {
  Json out{{"arn", task.arn},
           {"desiredStatus", task.desiredStatus},
           {"family", task.family},
           {"version", task.version},
           {"containers", Json::array()}};
  putText(out, "group", task.group);
  putText(out, "serviceName", task.serviceName);
  putText(out, "networkMode", task.networkMode);
  putText(out, "launchType", task.launchType);
  putText(out, "pidMode", task.pidMode);
  putText(out, "ipcMode", task.ipcMode);
  if (task.cpu > 0) out["cpu"] = task.cpu;
  if (task.memory > 0) out["memory"] = task.memory;
  if (task.begun) out["knownStatus"] = "RUNNING";
  putList(out, "containers", task.containers, encodeContainer);
  putList(out, "volumes", task.volumes, encodeVolume);
  putList(out, "associations", task.associations, encodeAssociation);
  if (task.roleCredentials) out["roleCredentials"] = encodeCredentials(*task.roleCredentials);
  if (task.executionCredentials)
    out["executionRoleCredentials"] = encodeCredentials(*task.executionCredentials);
  return out;
}

}  // namespace berth::acs
