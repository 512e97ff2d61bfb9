// Decoding what an agent sends, encoding what a controller sends.
#include <nlohmann/json.hpp>

#include "proto/acs/codec.hpp"
#include "proto/acs/frame.hpp"
#include "proto/acs/open_stream.hpp"
#include "proto/acs/payload_codec.hpp"
#include "proto/json/fields.hpp"
#include "proto/json/writer.hpp"

namespace berth::acs {
namespace {

using json::Fields;
using Json = nlohmann::json;

std::string frameOf(std::string_view type, Json message) {
  return json::dump(envelope(type, std::move(message)));
}

struct ToAgentEncoder {
  std::string operator()(const PayloadMessage& payload) const { return encodePayload(payload); }
  std::string operator()(const HeartbeatMessage& heartbeat) const {
    json::Writer out;
    out.openObject();
    out.text("type", "HeartbeatMessage");
    out.openObject("message");
    out.text("messageId", heartbeat.messageId);
    out.boolean("healthy", heartbeat.healthy);
    out.closeObject();
    out.closeObject();
    return out.str();
  }
  std::string operator()(const CredentialsMessage& message) const {
    return frameOf("IAMRoleCredentialsMessage",
                   Json{{"messageId", message.messageId},
                        {"taskArn", message.taskArn},
                        {"roleType", message.execution ? "TaskExecution" : "TaskApplication"},
                        {"roleCredentials", encodeCredentials(message.credentials)}});
  }
  std::string operator()(const TaskManifestMessage& manifest) const {
    return frameOf("TaskManifestMessage", Json{{"messageId", manifest.messageId},
                                               {"clusterArn", manifest.clusterArn},
                                               {"containerInstanceArn", manifest.containerInstanceArn},
                                               {"generatedAt", manifest.generatedAt},
                                               {"timeline", manifest.timeline},
                                               {"tasks", encodeIdentities(manifest.tasks)}});
  }
  std::string operator()(const TaskStopVerificationAck& ack) const {
    return frameOf("TaskStopVerificationAck", Json{{"messageId", ack.messageId},
                                                   {"generatedAt", ack.generatedAt},
                                                   {"stopTasks", encodeIdentities(ack.stopTasks)}});
  }
  std::string operator()(const ReportsAck& ack) const {
    json::Writer out;
    out.openObject();
    out.text("type", "BerthReportsAck");
    out.openObject("message");
    out.text("messageId", ack.messageId);
    out.openList("outcomes");
    for (const ReportOutcome& outcome : ack.outcomes) {
      out.openObject();
      if (!outcome.exception.empty()) {
        out.text("exception", outcome.exception);
        out.text("message", outcome.message);
        out.integer("status", outcome.status);
      }
      out.closeObject();
    }
    out.closeList();
    out.closeObject();
    out.closeObject();
    return out.str();
  }
  std::string operator()(const OpenStreamMessage& open) const {
    return frameOf(kOpenStream, encodeOpenStream(open));
  }
  std::string operator()(const OtherMessage& other) const { return frameOf(other.type, Json::object()); }
};

Result<FromAgent> decodeVerification(Fields& fields) {
  TaskStopVerificationMessage message;
  message.messageId = fields.requiredStr("messageId");
  message.stopCandidates = decodeIdentities(fields, "stopCandidates");
  if (Status status = fields.status(); !status) return status.error();
  return FromAgent(std::move(message));
}

/// The inputs are moved out of `body`.
Result<FromAgent> decodeReports(Json& body) {
  Fields fields(body, "message");
  ReportsMessage message;
  message.messageId = fields.requiredStr("messageId");
  const std::vector<const Json*> entries = fields.list("reports");
  if (entries.empty() || entries.size() > kMostReports)
    fields.fault("reports", "has none, or more than " + std::to_string(kMostReports));
  if (Status status = fields.status(); !status) return status.error();
  message.reports.reserve(entries.size());
  for (const Json* entry : entries) {
    Fields report(*entry, fields.pathOf("reports"));
    std::string operation = report.requiredStr("operation");
    const Json* input = report.find("input");
    if (!input || !input->is_object()) report.fault("input", "is missing, or no JSON object");
    if (Status status = report.status(); !status) return status.error();
    auto moved = std::make_shared<Json>(std::move(const_cast<Json&>(*input)));
    message.reports.push_back({std::move(operation), std::move(moved)});
  }
  return FromAgent(std::move(message));
}

}  // namespace

Result<FromAgent> decodeFromAgent(std::string_view text) {
  auto frame = parseFrame(text);
  if (!frame) return frame.error();
  const std::string& type = frame->type;
  if (type == "BerthReports") return decodeReports(frame->message);
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
  } else if (type == "IAMRoleCredentialsAckRequest") {
    CredentialsAckRequest ack{fields.requiredStr("messageId"), fields.str("expiration"),
                              fields.requiredStr("credentialsId")};
    message = std::move(ack);
  } else {
    message = OtherMessage{type, false};
  }
  if (Status status = fields.status(); !status) return status.error();
  return message;
}

std::string encode(const ToAgent& message) { return std::visit(ToAgentEncoder{}, message); }

}  // namespace berth::acs
