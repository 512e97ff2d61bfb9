// From a definition's JSON to the task that an agent is sent.
#include "controller/api/task_shape.hpp"

namespace berth::controller {
namespace {

constexpr int64_t kMiB = 1024 * 1024;
constexpr int64_t kSecond = 1'000'000'000;

void copyAs(Json& out, const char* as, const Json& from, const char* member) {
  if (auto it = from.find(member); it != from.end()) out[as] = *it;
}

/// Docker's Config: what the payload has no field for.
Json dockerConfig(const Json& container) {
  Json out = Json::object();
  copyAs(out, "User", container, "user");
  copyAs(out, "WorkingDir", container, "workingDirectory");
  copyAs(out, "Hostname", container, "hostname");
  copyAs(out, "Tty", container, "pseudoTerminal");
  copyAs(out, "OpenStdin", container, "interactive");
  copyAs(out, "NetworkDisabled", container, "disableNetworking");
  copyAs(out, "Labels", container, "dockerLabels");
  if (auto check = container.find("healthCheck"); check != container.end()) {
    Json health{{"Test", check->value("command", Json::array())},
                {"Interval", check->value("interval", int64_t{30}) * kSecond},
                {"Timeout", check->value("timeout", int64_t{5}) * kSecond},
                {"Retries", check->value("retries", int64_t{3})}};
    if (check->contains("startPeriod"))
      health["StartPeriod"] = (*check)["startPeriod"].get<int64_t>() * kSecond;
    out["Healthcheck"] = std::move(health);
  }
  return out;
}

Json devices(const Json& linux) {
  Json out = Json::array();
  for (const Json& device : linux.value("devices", Json::array())) {
    std::string permissions;
    for (const Json& permission : device.value("permissions", Json::array())) {
      permissions += permission.get<std::string>().substr(0, 1);  // read, write, mknod
    }
    std::string host = text(device, "hostPath");
    out.push_back(Json{{"PathOnHost", host},
                       {"PathInContainer", text(device, "containerPath", host)},
                       {"CgroupPermissions", permissions.empty() ? "rwm" : permissions}});
  }
  return out;
}

/// `memory`: the container's hard limit in MiB; Docker's MemorySwap counts it in, the API's maxSwap does not.
void putLinuxParameters(Json& out, const Json& linux, int64_t memory) {
  if (auto capabilities = linux.find("capabilities"); capabilities != linux.end()) {
    copyAs(out, "CapAdd", *capabilities, "add");
    copyAs(out, "CapDrop", *capabilities, "drop");
  }
  if (linux.contains("devices")) out["Devices"] = devices(linux);
  copyAs(out, "Init", linux, "initProcessEnabled");
  if (linux.contains("sharedMemorySize")) out["ShmSize"] = linux["sharedMemorySize"].get<int64_t>() * kMiB;
  if (linux.contains("maxSwap")) out["MemorySwap"] = (memory + linux["maxSwap"].get<int64_t>()) * kMiB;
  copyAs(out, "MemorySwappiness", linux, "swappiness");
  for (const Json& tmpfs : linux.value("tmpfs", Json::array())) {
    std::string options = "size=" + std::to_string(tmpfs.value("size", int64_t{0})) + "m";
    for (const Json& option : tmpfs.value("mountOptions", Json::array()))
      options += "," + option.get<std::string>();
    out["Tmpfs"][text(tmpfs, "containerPath")] = options;
  }
}

/// The log driver knows no prefix: the service makes a stream's name of it. Source: Amazon ECS developer
/// guide, awslogs-stream-prefix.
void nameStream(Json& options, const std::string& container) {
  const std::string prefix = text(options, "awslogs-stream-prefix");
  options.erase("awslogs-stream-prefix");
  if (!prefix.empty()) options["awslogs-stream"] = prefix + "/" + container + "/" + std::string(kTaskIdHere);
}

/// Docker's HostConfig, likewise.
Json dockerHostConfig(const Json& container, const Json& task) {
  Json out = Json::object();
  // In mode awsvpc the agent knows which network it is.
  if (const std::string mode = task.value("networkMode", "bridge"); mode != "awsvpc")
    out["NetworkMode"] = mode;
  copyAs(out, "PidMode", task, "pidMode");
  copyAs(out, "IpcMode", task, "ipcMode");
  if (container.contains("memoryReservation")) {
    out["MemoryReservation"] = container["memoryReservation"].get<int64_t>() * kMiB;
  }
  copyAs(out, "Privileged", container, "privileged");
  copyAs(out, "ReadonlyRootfs", container, "readonlyRootFilesystem");
  copyAs(out, "Dns", container, "dnsServers");
  copyAs(out, "DnsSearch", container, "dnsSearchDomains");
  copyAs(out, "SecurityOpt", container, "dockerSecurityOptions");
  for (const Json& host : container.value("extraHosts", Json::array())) {
    out["ExtraHosts"].push_back(text(host, "hostname") + ":" + text(host, "ipAddress"));
  }
  for (const Json& limit : container.value("ulimits", Json::array())) {
    out["Ulimits"].push_back(Json{{"Name", text(limit, "name")},
                                  {"Soft", limit.value("softLimit", int64_t{0})},
                                  {"Hard", limit.value("hardLimit", int64_t{0})}});
  }
  for (const Json& control : container.value("systemControls", Json::array())) {
    out["Sysctls"][text(control, "namespace")] = text(control, "value");
  }
  if (auto log = container.find("logConfiguration"); log != container.end()) {
    const std::string driver = log->value("logDriver", "json-file");
    Json options = log->value("options", Json::object());
    if (driver == "awslogs") nameStream(options, text(container, "name"));
    out["LogConfig"] = Json{{"Type", driver}, {"Config", std::move(options)}};
  }
  if (auto linux = container.find("linuxParameters"); linux != container.end()) {
    putLinuxParameters(out, *linux, container.value("memory", int64_t{0}));
  }
  return out;
}

std::vector<acs::PortMapping> ports(const Json& container) {
  std::vector<acs::PortMapping> out;
  for (const Json& port : container.value("portMappings", Json::array())) {
    acs::PortMapping mapping;
    mapping.containerPort = port.value("containerPort", int64_t{0});
    if (auto range = portRange(text(port, "containerPortRange"))) {
      mapping.containerPort = range->first;
      mapping.lastContainerPort = range->second;
    }
    mapping.hostPort = port.value("hostPort", int64_t{0});
    mapping.protocol = port.value("protocol", "tcp");
    out.push_back(mapping);
  }
  return out;
}

std::vector<acs::MountPoint> mounts(const Json& container) {
  std::vector<acs::MountPoint> out;
  for (const Json& mount : container.value("mountPoints", Json::array())) {
    acs::MountPoint point;
    point.sourceVolume = text(mount, "sourceVolume");
    point.containerPath = text(mount, "containerPath");
    point.readOnly = mount.value("readOnly", false);
    out.push_back(std::move(point));
  }
  return out;
}

acs::Condition condition(const std::string& word) {
  if (word == "COMPLETE") return acs::Condition::Complete;
  if (word == "SUCCESS") return acs::Condition::Success;
  if (word == "HEALTHY") return acs::Condition::Healthy;
  return acs::Condition::Start;
}

/// What ties a container to others of its task.
void putOrder(acs::Container& out, const Json& definition) {
  for (const Json& dependency : definition.value("dependsOn", Json::array())) {
    out.dependsOn.push_back({text(dependency, "containerName"), condition(text(dependency, "condition"))});
  }
  out.links = definition.value("links", std::vector<std::string>());
  for (const Json& from : definition.value("volumesFrom", Json::array())) {
    out.volumesFrom.push_back({text(from, "sourceContainer"), from.value("readOnly", false)});
  }
  if (definition.contains("startTimeout")) out.startTimeout = definition["startTimeout"].get<int64_t>();
  if (definition.contains("stopTimeout")) out.stopTimeout = definition["stopTimeout"].get<int64_t>();
  if (auto policy = definition.find("restartPolicy"); policy != definition.end()) {
    out.restartPolicy.enabled = policy->value("enabled", false);
    out.restartPolicy.ignoredExitCodes = policy->value("ignoredExitCodes", std::vector<int64_t>());
    out.restartPolicy.attemptPeriod = policy->value("restartAttemptPeriod", out.restartPolicy.attemptPeriod);
  }
}

/// The region of an ARN, or nothing.
std::string regionOf(const std::string& arn) {
  size_t from = 0;
  for (int colons = 0; colons < 3; ++colons) {
    from = arn.find(':', from);
    if (from == std::string::npos) return {};
    ++from;
  }
  return arn.substr(from, arn.find(':', from) - from);
}

/// `valueFrom` is an ARN of Secrets Manager or of a parameter, or a parameter's name.
acs::Secret secret(const Json& definition, const char* target) {
  acs::Secret out;
  out.name = text(definition, "name");
  out.valueFrom = text(definition, "valueFrom");
  const bool arn = out.valueFrom.starts_with("arn:");
  out.provider = arn && out.valueFrom.find(":secretsmanager:") != std::string::npos ? "asm" : "ssm";
  if (arn) out.region = regionOf(out.valueFrom);
  const bool log = std::string_view(target) == "LOG_DRIVER";
  out.type = log ? "BOOTSTRAP" : "ENVIRONMENT_VARIABLE";
  out.target = target;
  return out;
}

/// What has to be fetched before a container can be made.
void putFetched(acs::Container& out, const Json& definition) {
  for (const Json& entry : definition.value("secrets", Json::array())) {
    out.secrets.push_back(secret(entry, "CONTAINER"));
  }
  if (auto log = definition.find("logConfiguration"); log != definition.end()) {
    for (const Json& entry : log->value("secretOptions", Json::array())) {
      out.secrets.push_back(secret(entry, "LOG_DRIVER"));
    }
  }
  for (const Json& file : definition.value("environmentFiles", Json::array())) {
    out.environmentFiles.push_back({text(file, "value"), text(file, "type", "s3")});
  }
  if (auto credentials = definition.find("repositoryCredentials"); credentials != definition.end()) {
    out.registryAuthentication.type = "asm";
    out.registryAuthentication.credentialsParameter = text(*credentials, "credentialsParameter");
    out.registryAuthentication.region = regionOf(out.registryAuthentication.credentialsParameter);
  }
}

acs::Container payloadContainer(const Json& definition, const Json& task) {
  acs::Container out;
  out.name = text(definition, "name");
  out.image = text(definition, "image");
  out.essential = definition.value("essential", true);
  out.cpu = definition.value("cpu", int64_t{0});
  out.memory = definition.value("memory", int64_t{0});
  if (auto it = definition.find("command"); it != definition.end() && !it->empty()) {
    out.command = it->get<std::vector<std::string>>();
  }
  if (auto it = definition.find("entryPoint"); it != definition.end() && !it->empty()) {
    out.entryPoint = it->get<std::vector<std::string>>();
  }
  for (const Json& entry : definition.value("environment", Json::array())) {
    out.environment[text(entry, "name")] = text(entry, "value");
  }
  out.environment["AWS_EXECUTION_ENV"] = "AWS_ECS_EC2";
  out.portMappings = ports(definition);
  out.mountPoints = mounts(definition);
  putOrder(out, definition);
  putFetched(out, definition);
  if (definition.contains("healthCheck")) out.healthCheckType = "docker";
  out.dockerConfig.config = dockerConfig(definition).dump();
  out.dockerConfig.hostConfig = dockerHostConfig(definition, task).dump();
  return out;
}

acs::Volume payloadVolume(const Json& definition) {
  acs::Volume out;
  out.name = text(definition, "name");
  if (auto docker = definition.find("dockerVolumeConfiguration"); docker != definition.end()) {
    out.kind = acs::VolumeKind::Docker;
    out.type = "docker";
    out.shared = docker->value("scope", "task") == "shared";
    out.autoprovision = docker->value("autoprovision", false);
    out.driver = text(*docker, "driver");
    out.driverOpts = docker->value("driverOpts", std::map<std::string, std::string>());
    out.labels = docker->value("labels", std::map<std::string, std::string>());
  } else if (definition.contains("host")) {
    out.sourcePath = definition["host"].value("sourcePath", "");
  }
  return out;
}

}  // namespace

acs::Task payloadOf(const Json& document, const TaskDefinition& definition, const TaskSpec& spec) {
  acs::Task out;
  out.family = definition.family;
  out.version = std::to_string(definition.revision);
  out.group = spec.group;
  out.networkMode = document.value("networkMode", "bridge");
  out.launchType = spec.launchType;
  out.cpu = static_cast<double>(parseCpu(document.value("cpu", "")).value_or(0)) / 1024.0;
  out.memory = parseMemory(document.value("memory", "")).value_or(0);
  for (const Json& container : document["containerDefinitions"]) {
    out.containers.push_back(payloadContainer(container, document));
  }
  for (const Gpu& gpu : spec.resources.gpus) out.associations.push_back({"gpu", gpu.id, {}, {gpu.container}});
  out.pidMode = document.value("pidMode", "");
  out.ipcMode = document.value("ipcMode", "");
  for (const Json& volume : document.value("volumes", Json::array())) {
    out.volumes.push_back(payloadVolume(volume));
  }
  return out;
}

}  // namespace berth::controller
