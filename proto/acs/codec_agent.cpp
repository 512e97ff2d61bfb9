// Decoding what a controller sends, encoding what an agent sends.
#include <nlohmann/json.hpp>

#include "proto/acs/codec.hpp"
#include "proto/acs/frame.hpp"
#include "proto/acs/open_stream.hpp"
#include "proto/acs/payload_codec.hpp"
#include "proto/json/fields.hpp"

namespace berth::acs {
namespace {

using json::Fields;
using Json = nlohmann::json;

/// A task that can't be read is reported as refused; the others of its message go on.
void takeTask(const Json& value, PayloadMessage& payload) {
  Fields fields(value, "task");
  Task task = decodeTask(fields);
  // A stop needs no more than the ARN, whatever else is odd about the task.
  const bool stop = task.desiredStatus == "STOPPED" && !task.arn.empty();
  const Status status = fields.status();
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
  for (const Json* task : fields.list("tasks")) takeTask(*task, payload);
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

Result<ToAgent> decodeCredentialsMessage(const Json& body) {
  Fields fields(body, "message");
  CredentialsMessage message;
  message.messageId = fields.requiredStr("messageId");
  message.taskArn = fields.requiredStr("taskArn");
  const std::string role = fields.requiredStr("roleType");
  if (role != "TaskApplication" && role != "TaskExecution") {
    fields.fault("roleType", "is neither TaskApplication nor TaskExecution");
  }
  message.execution = role == "TaskExecution";
  if (auto credentials = decodeCredentials(fields, "roleCredentials")) {
    message.credentials = std::move(*credentials);
  } else {
    fields.fault("roleCredentials", "is missing");
  }
  if (Status status = fields.status(); !status) return status.error();
  return ToAgent(std::move(message));
}

Result<ToAgent> decodeReportsAck(const Json& body) {
  Fields fields(body, "message");
  ReportsAck ack;
  ack.messageId = fields.requiredStr("messageId");
  for (const Json* entry : fields.list("outcomes")) {
    Fields outcome(*entry, fields.pathOf("outcomes"));
    ack.outcomes.push_back({.exception = outcome.str("exception"),
                            .message = outcome.str("message"),
                            .status = outcome.integer("status")});
    fields.absorb(outcome);
  }
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
  Json operator()(const CredentialsAckRequest& ack) const {
    return envelope("IAMRoleCredentialsAckRequest", Json{{"messageId", ack.messageId},
                                                         {"expiration", ack.expiration},
                                                         {"credentialsId", ack.credentialsId}});
  }
  Json operator()(const TaskStopVerificationMessage& verification) const {
    return envelope("TaskStopVerificationMessage",
                    Json{{"messageId", verification.messageId},
                         {"stopCandidates", encodeIdentities(verification.stopCandidates)}});
  }
  Json operator()(const ReportsMessage& message) const {
    Json reports = Json::array();
    for (const StateReport& report : message.reports)
      reports.push_back({{"operation", report.operation}, {"input", *report.input}});
    return envelope("BerthReports", Json{{"messageId", message.messageId}, {"reports", std::move(reports)}});
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
  if (type == "IAMRoleCredentialsMessage") return decodeCredentialsMessage(body);
  if (type == "TaskStopVerificationAck") return decodeStopAck(body);
  if (type == "BerthReportsAck") return decodeReportsAck(body);
  if (type == kOpenStream) {
    auto open = decodeOpenStream(body);
    return open ? Result<ToAgent>(std::move(*open)) : Result<ToAgent>(open.error());
  }
  OtherMessage other{type, false};
  for (std::string_view known : kKnownWithoutAction) other.known |= known == type;
  Fields fields(body, type);
  other.messageId = fields.str("messageId");
  other.clusterArn = fields.str("clusterArn");
  return ToAgent(std::move(other));
}

std::string encode(const FromAgent& message) { return json::dump(std::visit(FromAgentEncoder{}, message)); }

}  // namespace berth::acs
