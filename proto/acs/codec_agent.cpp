// Decoding what a controller sends, encoding what an agent sends.
#include <nlohmann/json.hpp>

#include "proto/acs/codec.hpp"
#include "proto/acs/frame.hpp"
#include "proto/json/fields.hpp"

namespace berth::acs {
namespace {

using json::Fields;
using Json = nlohmann::json;

bool nonEmpty(const Json* value) { return value && !(value->is_array() && value->empty()); }

/// Features that change what a container does: a task that asks for one this agent lacks is refused, never
/// run without it.
constexpr std::string_view kContainerFeatures[] = {
    "dependsOn",   "secrets",         "environmentFiles",      "links",
    "volumesFrom", "credentialSpecs", "firelensConfiguration", "registryAuthentication",
};

void refuseContainerFeatures(Fields& fields) {
  for (std::string_view feature : kContainerFeatures) {
    if (nonEmpty(fields.find(feature))) fields.fault(feature, "is not supported by this agent");
  }
  if (const Json* policy = fields.find("restartPolicy")) {
    Fields restart(*policy, fields.pathOf("restartPolicy"));
    if (restart.boolean("enabled")) fields.fault("restartPolicy", "is not supported by this agent");
  }
}

void refuseTaskFeatures(Fields& fields, const Task& task) {
  if (task.networkMode == "awsvpc") fields.fault("networkMode", "awsvpc is not supported by this agent");
  for (std::string_view feature : {"elasticNetworkInterfaces", "proxyConfiguration", "associations"}) {
    if (nonEmpty(fields.find(feature))) fields.fault(feature, "is not supported by this agent");
  }
  if (fields.str("pidMode") == "task") fields.fault("pidMode", "task is not supported by this agent");
  if (fields.str("ipcMode") == "task") fields.fault("ipcMode", "task is not supported by this agent");
}

PortMapping decodePort(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("portMappings"));
  PortMapping port;
  port.containerPort = fields.integer("containerPort");
  port.hostPort = fields.integer("hostPort");
  port.protocol = fields.str("protocol", "tcp");
  if (fields.has("containerPortRange")) fields.fault("containerPortRange", "is not supported by this agent");
  auto outside = [](int64_t number) { return number < 0 || number > 65535; };
  if (outside(port.containerPort) || outside(port.hostPort)) fields.fault("containerPort", "is not a port");
  if (port.protocol != "tcp" && port.protocol != "udp") fields.fault("protocol", "is neither tcp nor udp");
  parent.absorb(fields);
  return port;
}

MountPoint decodeMount(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("mountPoints"));
  MountPoint mount;
  mount.sourceVolume = fields.requiredStr("sourceVolume");
  mount.containerPath = fields.requiredStr("containerPath");
  mount.readOnly = fields.boolean("readOnly");
  parent.absorb(fields);
  return mount;
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
  container.stopTimeout = fields.optionalInteger("stopTimeout");
  container.healthCheckType = fields.str("healthCheckType");
  for (const Json* port : fields.list("portMappings")) {
    container.portMappings.push_back(decodePort(*port, fields));
  }
  for (const Json* mount : fields.list("mountPoints")) {
    container.mountPoints.push_back(decodeMount(*mount, fields));
  }
  if (const Json* docker = fields.find("dockerConfig")) {
    Fields config(*docker, fields.pathOf("dockerConfig"));
    container.dockerConfig.version = config.str("version");
    container.dockerConfig.config = config.str("config");
    container.dockerConfig.hostConfig = config.str("hostConfig");
    fields.absorb(config);
  }
  applyOverrides(fields, container);
  refuseContainerFeatures(fields);
  parent.absorb(fields);
  return container;
}

Volume decodeVolume(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("volumes"));
  Volume volume;
  volume.name = fields.requiredStr("name");
  std::string type = fields.str("type", "host");
  if (type != "host") {
    fields.fault("type", "is not supported by this agent: only volumes on the host are");
  } else if (const Json* host = fields.find("host")) {
    Fields source(*host, fields.pathOf("host"));
    volume.sourcePath = source.str("sourcePath");
    if (volume.sourcePath.empty()) {
      source.fault("sourcePath",
                   "is empty: volumes that live with their task are not supported by this agent");
    }
    fields.absorb(source);
  } else {
    fields.fault("host", "is missing");
  }
  parent.absorb(fields);
  return volume;
}

void decodeTask(const Json& value, PayloadMessage& payload) {
  Fields fields(value, "task");
  Task task;
  task.arn = fields.requiredStr("arn");
  task.desiredStatus = fields.str("desiredStatus");
  task.family = fields.str("family");
  task.version = fields.str("version");
  task.group = fields.str("group");
  task.networkMode = fields.str("networkMode");
  task.launchType = fields.str("launchType");
  task.cpu = fields.number("cpu");
  task.memory = fields.integer("memory");
  if (task.desiredStatus != "RUNNING" && task.desiredStatus != "STOPPED") {
    fields.fault("desiredStatus", "is neither RUNNING nor STOPPED");
  }
  for (const Json* container : fields.list("containers")) {
    task.containers.push_back(decodeContainer(*container, fields));
  }
  for (const Json* volume : fields.list("volumes")) task.volumes.push_back(decodeVolume(*volume, fields));
  refuseTaskFeatures(fields, task);
  if (task.desiredStatus == "RUNNING" && task.containers.empty()) fields.fault("containers", "is empty");
  // A stop needs no more than the ARN, whatever else is odd about the task.
  bool stop = task.desiredStatus == "STOPPED" && !task.arn.empty();
  Status status = fields.status();
  if (status.ok() || stop) {
    payload.tasks.push_back(std::move(task));
  } else if (!task.arn.empty()) {
    std::string reason = "UnrecogniedTaskError: Error loading task - " + status.error().message;
    payload.refused.push_back(RefusedTask{task.arn, reason});
  }
}

Result<ToAgent> decodePayload(const Json& body) {
  Fields fields(body, "message");
  PayloadMessage payload;
  payload.messageId = fields.requiredStr("messageId");
  payload.clusterArn = fields.requiredStr("clusterArn");
  payload.containerInstanceArn = fields.requiredStr("containerInstanceArn");
  payload.seqNum = fields.integer("seqNum");
  payload.generatedAt = fields.integer("generatedAt");
  for (const Json* task : fields.list("tasks")) decodeTask(*task, payload);
  if (Status status = fields.status(); !status) return status.error();
  return ToAgent(std::move(payload));
}

Result<ToAgent> decodeManifest(const Json& body) {
  Fields fields(body, "message");
  TaskManifestMessage manifest;
  manifest.messageId = fields.requiredStr("messageId");
  manifest.clusterArn = fields.str("clusterArn");
  manifest.containerInstanceArn = fields.str("containerInstanceArn");
  manifest.generatedAt = fields.integer("generatedAt");
  manifest.timeline = fields.integer("timeline");
  manifest.tasks = decodeIdentities(fields, "tasks");
  if (Status status = fields.status(); !status) return status.error();
  return ToAgent(std::move(manifest));
}

Result<ToAgent> decodeStopAck(const Json& body) {
  Fields fields(body, "message");
  TaskStopVerificationAck ack;
  ack.messageId = fields.requiredStr("messageId");
  ack.generatedAt = fields.integer("generatedAt");
  ack.stopTasks = decodeIdentities(fields, "stopTasks");
  if (Status status = fields.status(); !status) return status.error();
  return ToAgent(std::move(ack));
}

Result<ToAgent> decodeHeartbeat(const Json& body) {
  Fields fields(body, "message");
  HeartbeatMessage heartbeat;
  heartbeat.messageId = fields.str("messageId");
  heartbeat.healthy = fields.boolean("healthy", true);
  if (Status status = fields.status(); !status) return status.error();
  return ToAgent(std::move(heartbeat));
}

constexpr std::string_view kKnownWithoutAction[] = {
    "IAMRoleCredentialsMessage",
    "AttachTaskNetworkInterfacesMessage",
    "AttachInstanceNetworkInterfacesMessage",
    "ConfirmAttachmentMessage",
    "StageUpdateMessage",
    "PerformUpdateMessage",
    "CloseMessage",
    "ErrorMessage",
    "ServerException",
    "BadRequestException",
    "InvalidClusterException",
    "InvalidInstanceException",
    "AccessDeniedException",
    "InactiveInstanceException",
    "AckRequest",
};

struct FromAgentEncoder {
  Json operator()(const AckRequest& ack) const {
    return envelope("AckRequest", Json{{"cluster", ack.cluster},
                                       {"containerInstance", ack.containerInstance},
                                       {"messageId", ack.messageId}});
  }
  Json operator()(const NackRequest& nack) const {
    return envelope("NackRequest", Json{{"cluster", nack.cluster},
                                        {"containerInstance", nack.containerInstance},
                                        {"messageId", nack.messageId},
                                        {"reason", nack.reason}});
  }
  Json operator()(const HeartbeatAckRequest& ack) const {
    return envelope("HeartbeatAckRequest", Json{{"messageId", ack.messageId}});
  }
  Json operator()(const TaskStopVerificationMessage& verification) const {
    return envelope("TaskStopVerificationMessage",
                    Json{{"messageId", verification.messageId},
                         {"stopCandidates", encodeIdentities(verification.stopCandidates)}});
  }
  Json operator()(const OtherMessage& other) const { return envelope(other.type, Json::object()); }
};

}  // namespace

Result<ToAgent> decodeToAgent(std::string_view text) {
  auto frame = parseFrame(text);
  if (!frame) return frame.error();
  const auto& [type, body] = *frame;
  if (type == "PayloadMessage") return decodePayload(body);
  if (type == "HeartbeatMessage") return decodeHeartbeat(body);
  if (type == "TaskManifestMessage") return decodeManifest(body);
  if (type == "TaskStopVerificationAck") return decodeStopAck(body);
  OtherMessage other{type, false};
  for (std::string_view known : kKnownWithoutAction) other.known |= known == type;
  return ToAgent(std::move(other));
}

std::string encode(const FromAgent& message) { return json::dump(std::visit(FromAgentEncoder{}, message)); }

}  // namespace berth::acs
