#include "proto/acs/open_stream.hpp"

#include <nlohmann/json.hpp>

#include "proto/json/fields.hpp"

namespace berth::acs {

Result<OpenStreamMessage> decodeOpenStream(const nlohmann::json& body) {
  json::Fields fields(body, "message");
  OpenStreamMessage out;
  out.messageId = fields.str("messageId");
  out.streamId = fields.requiredStr("streamId");
  const std::string kind = fields.requiredStr("kind");
  if (kind != "exec" && kind != "logs") fields.fault("kind", "is neither exec nor logs");
  out.kind = kind == "logs" ? OpenStreamMessage::Kind::Logs : OpenStreamMessage::Kind::Exec;
  out.taskArn = fields.requiredStr("taskArn");
  out.containers = fields.strings("containers");
  if (out.containers.empty()) fields.fault("containers", "names none");
  if (out.kind == OpenStreamMessage::Kind::Exec) {
    out.command = fields.strings("command");
    if (out.command.empty()) fields.fault("command", "is empty");
    out.user = fields.str("user");
    out.tty = fields.boolean("tty");
    out.input = fields.boolean("stdin");
    out.columns = fields.integer("columns");
    out.rows = fields.integer("rows");
  } else {
    out.follow = fields.boolean("follow");
    out.since = fields.str("since");
    out.tail = fields.integer("tail", -1);
  }
  if (Status status = fields.status(); !status) return status.error();
  return out;
}

nlohmann::json encodeOpenStream(const OpenStreamMessage& message) {
  nlohmann::json out{{"messageId", message.messageId},
                     {"streamId", message.streamId},
                     {"taskArn", message.taskArn},
                     {"containers", message.containers}};
  if (message.kind == OpenStreamMessage::Kind::Exec) {
    out["kind"] = "exec";
    out["command"] = message.command;
    out["user"] = message.user;
    out["tty"] = message.tty;
    out["stdin"] = message.input;
    out["columns"] = message.columns;
    out["rows"] = message.rows;
  } else {
    out["kind"] = "logs";
    out["follow"] = message.follow;
    out["since"] = message.since;
    out["tail"] = message.tail;
  }
  return out;
}

}  // namespace berth::acs
