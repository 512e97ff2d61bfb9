// Decoding what an agent sends, encoding what a controller sends.
#include <nlohmann/json.hpp>

#include "proto/acs/codec.hpp"
#include "proto/acs/frame.hpp"
#include "proto/json/fields.hpp"

namespace berth::acs {
namespace {

using json::Fields;
using Json = nlohmann::json;

Json encodeContainer(const Container& container) {
  Json out{{"name", container.name}, {"image", container.image},   {"essential", container.essential},
           {"cpu", container.cpu},   {"memory", container.memory}, {"environment", container.environment}};
  if (!container.containerArn.empty()) out["containerArn"] = container.containerArn;
  if (container.command) out["command"] = *container.command;
  if (container.entryPoint) out["entryPoint"] = *container.entryPoint;
  if (container.stopTimeout) out["stopTimeout"] = *container.stopTimeout;
  if (!container.healthCheckType.empty()) out["healthCheckType"] = container.healthCheckType;
  Json ports = Json::array();
  for (const PortMapping& port : container.portMappings) {
    ports.push_back(Json{
        {"containerPort", port.containerPort}, {"hostPort", port.hostPort}, {"protocol", port.protocol}});
  }
  out["portMappings"] = std::move(ports);
  Json mounts = Json::array();
  for (const MountPoint& mount : container.mountPoints) {
    mounts.push_back(Json{{"sourceVolume", mount.sourceVolume},
                          {"containerPath", mount.containerPath},
                          {"readOnly", mount.readOnly}});
  }
  out["mountPoints"] = std::move(mounts);
  Json docker = Json::object();
  if (!container.dockerConfig.version.empty()) docker["version"] = container.dockerConfig.version;
  if (!container.dockerConfig.config.empty()) docker["config"] = container.dockerConfig.config;
  if (!container.dockerConfig.hostConfig.empty()) docker["hostConfig"] = container.dockerConfig.hostConfig;
  if (!docker.empty()) out["dockerConfig"] = std::move(docker);
  return out;
}

Json encodeTask(const Task& task) {
  Json out{{"arn", task.arn},
           {"desiredStatus", task.desiredStatus},
           {"family", task.family},
           {"version", task.version}};
  if (!task.group.empty()) out["group"] = task.group;
  if (!task.networkMode.empty()) out["networkMode"] = task.networkMode;
  if (!task.launchType.empty()) out["launchType"] = task.launchType;
  if (task.cpu > 0) out["cpu"] = task.cpu;
  if (task.memory > 0) out["memory"] = task.memory;
  Json containers = Json::array();
  for (const Container& container : task.containers) containers.push_back(encodeContainer(container));
  out["containers"] = std::move(containers);
  Json volumes = Json::array();
  for (const Volume& volume : task.volumes) {
    Json host = Json::object();
    if (!volume.sourcePath.empty()) host["sourcePath"] = volume.sourcePath;
    volumes.push_back(Json{{"name", volume.name}, {"type", "host"}, {"host", std::move(host)}});
  }
  out["volumes"] = std::move(volumes);
  return out;
}

struct ToAgentEncoder {
  Json operator()(const PayloadMessage& payload) const {
    Json tasks = Json::array();
    for (const Task& task : payload.tasks) tasks.push_back(encodeTask(task));
    return envelope("PayloadMessage", Json{{"messageId", payload.messageId},
                                           {"clusterArn", payload.clusterArn},
                                           {"containerInstanceArn", payload.containerInstanceArn},
                                           {"seqNum", payload.seqNum},
                                           {"generatedAt", payload.generatedAt},
                                           {"tasks", std::move(tasks)}});
  }
  Json operator()(const HeartbeatMessage& heartbeat) const {
    return envelope("HeartbeatMessage",
                    Json{{"messageId", heartbeat.messageId}, {"healthy", heartbeat.healthy}});
  }
  Json operator()(const TaskManifestMessage& manifest) const {
    return envelope("TaskManifestMessage", Json{{"messageId", manifest.messageId},
                                                {"clusterArn", manifest.clusterArn},
                                                {"containerInstanceArn", manifest.containerInstanceArn},
                                                {"generatedAt", manifest.generatedAt},
                                                {"timeline", manifest.timeline},
                                                {"tasks", encodeIdentities(manifest.tasks)}});
  }
  Json operator()(const TaskStopVerificationAck& ack) const {
    return envelope("TaskStopVerificationAck", Json{{"messageId", ack.messageId},
                                                    {"generatedAt", ack.generatedAt},
                                                    {"stopTasks", encodeIdentities(ack.stopTasks)}});
  }
  Json operator()(const OtherMessage& other) const { return envelope(other.type, Json::object()); }
};

Result<FromAgent> decodeVerification(Fields& fields) {
  TaskStopVerificationMessage message;
  message.messageId = fields.requiredStr("messageId");
  message.stopCandidates = decodeIdentities(fields, "stopCandidates");
  if (Status status = fields.status(); !status) return status.error();
  return FromAgent(std::move(message));
}

}  // namespace

Result<FromAgent> decodeFromAgent(std::string_view text) {
  auto frame = parseFrame(text);
  if (!frame) return frame.error();
  const std::string& type = frame->type;
  Fields fields(frame->message, "message");
  if (type == "TaskStopVerificationMessage") return decodeVerification(fields);
  FromAgent message;
  if (type == "AckRequest") {
    AckRequest ack{fields.str("cluster"), fields.str("containerInstance"), fields.requiredStr("messageId")};
    message = std::move(ack);
  } else if (type == "NackRequest") {
    NackRequest nack{fields.str("cluster"), fields.str("containerInstance"), fields.requiredStr("messageId"),
                     fields.str("reason")};
    message = std::move(nack);
  } else if (type == "HeartbeatAckRequest") {
    message = HeartbeatAckRequest{fields.str("messageId")};
  } else {
    message = OtherMessage{type, type == "IAMRoleCredentialsAckRequest"};
  }
  if (Status status = fields.status(); !status) return status.error();
  return message;
}

std::string encode(const ToAgent& message) { return json::dump(std::visit(ToAgentEncoder{}, message)); }

}  // namespace berth::acs
