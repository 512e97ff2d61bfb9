#include "proto/acs/frame.hpp"

namespace berth::acs {

Result<Frame> parseFrame(std::string_view text) {
  auto object = json::parseObject(text, "the ACS frame");
  if (!object) return object.error();
  json::Fields fields(*object, "frame");
  Frame frame{fields.requiredStr("type"), nlohmann::json::object()};
  if (Status status = fields.status(); !status) return status.error();
  // Of `object`, which is not needed any more.
  if (const nlohmann::json* message = fields.find("message"))
    frame.message = std::move(const_cast<nlohmann::json&>(*message));
  return frame;
}

nlohmann::json envelope(std::string_view type, nlohmann::json message) {
  return nlohmann::json{{"type", type}, {"message", std::move(message)}};
}

std::vector<TaskIdentity> decodeIdentities(json::Fields& fields, std::string_view name) {
  std::vector<TaskIdentity> tasks;
  for (const nlohmann::json* entry : fields.list(name)) {
    json::Fields inner(*entry, fields.pathOf(name));
    tasks.push_back({.taskArn = inner.requiredStr("taskArn"),
                     .taskClusterArn = inner.str("taskClusterArn"),
                     .desiredStatus = inner.str("desiredStatus")});
    fields.absorb(inner);
  }
  return tasks;
}

nlohmann::json encodeIdentities(const std::vector<TaskIdentity>& tasks) {
  nlohmann::json out = nlohmann::json::array();
  for (const TaskIdentity& task : tasks) {
    out.push_back({{"taskArn", task.taskArn},
                   {"taskClusterArn", task.taskClusterArn},
                   {"desiredStatus", task.desiredStatus}});
  }
  return out;
}

}  // namespace berth::acs
