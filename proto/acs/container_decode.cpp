#include "proto/acs/container_decode.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "common/text/letter_case.hpp"
#include "common/text/number.hpp"

namespace berth::acs {
namespace {

using json::Fields;
using Json = nlohmann::json;

constexpr int64_t kLastPort = 65535;

/// Reads each element of the list `name` by `read(Fields&)`.
template <class T, class Read>
std::vector<T> eachOf(Fields& parent, std::string_view name, Read read) {
  std::vector<T> out;
  for (const Json* value : parent.list(name)) {
    Fields fields(*value, parent.pathOf(name));
    out.push_back(read(fields));
    parent.absorb(fields);
  }
  return out;
}

/// "a-b", both included.
void decodePortRange(Fields& fields, const std::string& text, PortMapping& port) {
  const size_t dash = text.find('-');
  const auto first = parseNumber<uint16_t>(std::string_view(text).substr(0, dash));
  const auto last = dash == std::string::npos
                        ? std::nullopt
                        : parseNumber<uint16_t>(std::string_view(text).substr(dash + 1));
  if (!first || !last || *first == 0 || *last < *first) {
    return fields.fault("containerPortRange", "is not a range of ports like 8000-8010");
  }
  port.containerPort = *first;
  port.lastContainerPort = *last;
}

PortMapping decodePort(Fields& fields) {
  PortMapping port;
  port.containerPort = fields.integer("containerPort");
  port.hostPort = fields.integer("hostPort");
  port.protocol = fields.str("protocol", "tcp");
  const std::string range = fields.str("containerPortRange");
  if (!range.empty() && port.containerPort != 0) {
    fields.fault("containerPortRange", "and containerPort exclude each other");
  } else if (!range.empty()) {
    decodePortRange(fields, range, port);
  }
  auto outside = [](int64_t number) { return number < 0 || number > kLastPort; };
  if (outside(port.containerPort) || outside(port.hostPort)) fields.fault("containerPort", "is not a port");
  if (port.protocol != "tcp" && port.protocol != "udp") fields.fault("protocol", "is neither tcp nor udp");
  return port;
}

MountPoint decodeMount(Fields& fields) {
  MountPoint mount;
  mount.sourceVolume = fields.requiredStr("sourceVolume");
  mount.containerPath = fields.requiredStr("containerPath");
  mount.readOnly = fields.boolean("readOnly");
  return mount;
}

VolumeFrom decodeVolumeFrom(Fields& fields) {
  VolumeFrom from;
  from.sourceContainer = fields.requiredStr("sourceContainer");
  from.readOnly = fields.boolean("readOnly");
  return from;
}

Dependency decodeDependency(Fields& fields) {
  Dependency out;
  out.container = fields.requiredStr("containerName");
  const std::string condition = fields.requiredStr("condition");
  if (condition == "START") {
    out.condition = Condition::Start;
  } else if (condition == "COMPLETE") {
    out.condition = Condition::Complete;
  } else if (condition == "SUCCESS") {
    out.condition = Condition::Success;
  } else if (condition == "HEALTHY") {
    out.condition = Condition::Healthy;
  } else {
    fields.fault("condition", "is none of START, COMPLETE, SUCCESS and HEALTHY");
  }
  return out;
}

Secret decodeSecret(Fields& fields) {
  Secret secret;
  secret.name = fields.requiredStr("name");
  secret.valueFrom = fields.requiredStr("valueFrom");
  secret.provider = fields.str("provider", "ssm");
  secret.region = fields.str("region");
  secret.type = fields.str("type", "ENVIRONMENT_VARIABLE");
  secret.target = fields.str("target", "CONTAINER");
  return secret;
}

EnvironmentFile decodeEnvironmentFile(Fields& fields) {
  EnvironmentFile file;
  file.value = fields.requiredStr("value");
  file.type = fields.str("type", "s3");
  return file;
}

RestartPolicy decodeRestartPolicy(Fields& parent) {
  RestartPolicy out;
  const Json* value = parent.find("restartPolicy");
  if (!value) return out;
  Fields fields(*value, parent.pathOf("restartPolicy"));
  out.enabled = fields.boolean("enabled");
  out.attemptPeriod = fields.integer("restartAttemptPeriod", out.attemptPeriod);
  if (out.attemptPeriod < 0) fields.fault("restartAttemptPeriod", "is negative");
  for (const Json* code : fields.list("ignoredExitCodes")) {
    if (!code->is_number_integer()) {
      fields.fault("ignoredExitCodes", "is not a list of whole numbers");
      break;
    }
    out.ignoredExitCodes.push_back(code->get<int64_t>());
  }
  parent.absorb(fields);
  return out;
}

RegistryAuthentication decodeRegistry(Fields& parent) {
  RegistryAuthentication out;
  const Json* value = parent.find("registryAuthentication");
  if (!value || (value->is_object() && value->empty())) return out;
  Fields fields(*value, parent.pathOf("registryAuthentication"));
  out.type = fields.requiredStr("type");
  const bool ecr = out.type == "ecr";
  if (!ecr && out.type != "asm") fields.fault("type", "is neither ecr nor asm");
  const std::string_view data = ecr ? "ecrAuthData" : "asmAuthData";
  if (const Json* inner = fields.find(data)) {
    Fields auth(*inner, fields.pathOf(data));
    out.registryId = auth.str("registryId");
    out.region = auth.str("region");
    out.endpointOverride = auth.str("endpointOverride");
    out.useExecutionRole = auth.boolean("useExecutionRole");
    if (!ecr) out.credentialsParameter = auth.requiredStr("credentialsParameter");
    fields.absorb(auth);
  } else {
    fields.fault(data, "is missing");
  }
  parent.absorb(fields);
  return out;
}

/// Keys count in any case, so of two that are alike one would be checked and the other used.
void refuseRepeated(Fields& fields, std::string_view name, const std::string& text) {
  if (text.empty()) return;
  const auto object = json::parseObject(text, name);
  if (!object) return;
  std::set<std::string> seen;
  for (const auto& [key, value] : object->items()) {
    if (!seen.insert(lowered(key)).second) {
      return fields.fault(name, "has the key " + key + " twice: letters of both cases mean the same");
    }
  }
}

/// A text that is no object is left to whoever creates the container: it fails there, by name.
void peekHostConfig(DockerConfig& docker) {
  if (docker.hostConfig.empty()) return;
  const auto object = json::parseObject(docker.hostConfig, "hostConfig");
  if (!object) return;
  Fields fields(*object, "hostConfig");
  docker.privileged = fields.boolean("Privileged");
  docker.memoryReservation = fields.integer("MemoryReservation");
  if (const Json* log = fields.find("LogConfig")) {
    Fields inner(*log, "LogConfig");
    docker.logDriver = inner.str("Type");
    docker.logOptions = inner.stringMap("Config");
    fields.absorb(inner);
  }
}

DockerConfig decodeDocker(Fields& parent) {
  DockerConfig out;
  const Json* value = parent.find("dockerConfig");
  if (!value) return out;
  Fields fields(*value, parent.pathOf("dockerConfig"));
  out.version = fields.str("version");
  out.config = fields.str("config");
  out.hostConfig = fields.str("hostConfig");
  refuseRepeated(fields, "config", out.config);
  refuseRepeated(fields, "hostConfig", out.hostConfig);
  peekHostConfig(out);
  parent.absorb(fields);
  return out;
}

/// Overrides travel as JSON text or as an object; "command" is the only key the protocol knows.
void applyOverrides(Fields& fields, Container& container) {
  const Json* value = fields.find("overrides");
  if (!value) return;
  Json parsed = *value;
  if (value->is_string()) {
    if (value->get<std::string>().empty()) return;
    auto object = json::parseObject(value->get<std::string>(), fields.pathOf("overrides"));
    if (!object) return fields.fault("overrides", "is not JSON text of an object");
    parsed = std::move(*object);
  }
  Fields overrides(parsed, fields.pathOf("overrides"));
  for (auto it = parsed.begin(); parsed.is_object() && it != parsed.end(); ++it) {
    if (it.key() != "command") overrides.fault(it.key(), "is not a known override");
  }
  if (auto command = overrides.optionalStrings("command")) container.command = std::move(command);
  fields.absorb(overrides);
}

std::optional<int64_t> seconds(Fields& fields, std::string_view name) {
  auto value = fields.optionalInteger(name);
  if (value && *value < 0) fields.fault(name, "is negative");
  return value;
}

/// What the reference calls an object, and of which only one member decides anything here.
std::string memberOf(Fields& parent, std::string_view name, std::string_view member) {
  const Json* value = parent.find(name);
  if (!value || (value->is_object() && value->empty())) return {};
  Fields fields(*value, parent.pathOf(name));
  std::string out = fields.requiredStr(member);
  parent.absorb(fields);
  return out;
}

void decodeWiring(Fields& fields, Container& container) {
  container.environmentFiles = eachOf<EnvironmentFile>(fields, "environmentFiles", decodeEnvironmentFile);
  container.secrets = eachOf<Secret>(fields, "secrets", decodeSecret);
  container.portMappings = eachOf<PortMapping>(fields, "portMappings", decodePort);
  container.mountPoints = eachOf<MountPoint>(fields, "mountPoints", decodeMount);
  container.volumesFrom = eachOf<VolumeFrom>(fields, "volumesFrom", decodeVolumeFrom);
  container.dependsOn = eachOf<Dependency>(fields, "dependsOn", decodeDependency);
  container.links = fields.strings("links");
  container.credentialSpecs = fields.strings("credentialSpecs");
  container.managedAgents = eachOf<std::string>(fields, "managedAgents",
                                                [](Fields& managed) { return managed.requiredStr("name"); });
}

}  // namespace

Container decodeContainer(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("containers"));
  Container container;
  container.name = fields.requiredStr("name");
  container.image = fields.requiredStr("image");
  container.containerArn = fields.str("containerArn");
  container.essential = fields.boolean("essential");
  container.cpu = fields.integer("cpu");
  container.memory = fields.integer("memory");
  container.command = fields.optionalStrings("command");
  container.entryPoint = fields.optionalStrings("entryPoint");
  container.environment = fields.stringMap("environment");
  decodeWiring(fields, container);
  container.startTimeout = seconds(fields, "startTimeout");
  container.stopTimeout = seconds(fields, "stopTimeout");
  container.healthCheckType = fields.str("healthCheckType");
  container.restartPolicy = decodeRestartPolicy(fields);
  container.dockerConfig = decodeDocker(fields);
  container.registryAuthentication = decodeRegistry(fields);
  container.logsAuthStrategy = fields.str("logsAuthStrategy");
  container.firelens = memberOf(fields, "firelensConfiguration", "type");
  applyOverrides(fields, container);
  parent.absorb(fields);
  return container;
}

}  // namespace berth::acs
