#include "cli/commands/values.hpp"

#include <nlohmann/json.hpp>

#include "cli/find/find.hpp"

namespace berth::cli {

using nlohmann::json;

namespace {

const json* memberOf(const json& value, const char* member) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(member);
  return found == value.end() ? nullptr : &*found;
}

}  // namespace

std::string textAt(const json& value, const char* member) {
  const json* found = memberOf(value, member);
  return found && found->is_string() ? found->get<std::string>() : std::string();
}

int64_t numberAt(const json& value, const char* member) {
  const json* found = memberOf(value, member);
  return found && found->is_number() ? found->get<int64_t>() : 0;
}

bool flagAt(const json& value, const char* member) {
  const json* found = memberOf(value, member);
  return found && found->is_boolean() && found->get<bool>();
}

const json& listAt(const json& value, const char* member) {
  static const json kEmpty = json::array();
  const json* found = memberOf(value, member);
  return found && found->is_array() ? *found : kEmpty;
}

std::optional<WallTime> timeAt(const json& value, const char* member) {
  const json* found = memberOf(value, member);
  if (!found || !found->is_number()) return std::nullopt;
  return fromEpochSeconds(found->get<double>());
}

std::string sinceAt(const json& value, const char* member, WallTime now) {
  const auto time = timeAt(value, member);
  return time ? ageOf(now - *time) : std::string();
}

std::string nodeName(const json& instance) {
  if (std::string id = textAt(instance, "ec2InstanceId"); !id.empty()) return id;
  for (const char* wanted : {"berth.name", "name"}) {
    for (const json& attribute : listAt(instance, "attributes")) {
      if (textAt(attribute, "name") == wanted) return textAt(attribute, "value");
    }
  }
  return {};
}

std::string taskName(const json& task) {
  const std::string group = textAt(task, "group");
  if (group.starts_with("service:")) return group.substr(8);
  return idOf(textAt(task, "taskDefinitionArn"));
}

std::string taskStatus(const json& task) {
  std::string last = textAt(task, "lastStatus");
  if (textAt(task, "desiredStatus") == "STOPPED" && last != "STOPPED") return "STOPPING";
  return last;
}

std::string taskPorts(const json& task) {
  std::string out;
  for (const json& container : listAt(task, "containers")) {
    for (const json& binding : listAt(container, "networkBindings")) {
      const std::string range = textAt(binding, "hostPortRange");
      std::string shown = range.empty() ? std::to_string(numberAt(binding, "hostPort")) + "->" +
                                              std::to_string(numberAt(binding, "containerPort"))
                                        : range + "->" + textAt(binding, "containerPortRange");
      if (textAt(binding, "protocol") == "udp") shown += "/udp";
      // A port is bound once for IPv4 and once for IPv6.
      if ((", " + out + ",").find(", " + shown + ",") != std::string::npos) continue;
      out += (out.empty() ? "" : ", ") + shown;
    }
  }
  return out;
}

std::string stopReason(const json& task) {
  std::string reason = textAt(task, "stoppedReason");
  for (const json& container : listAt(task, "containers")) {
    const bool failed = container.contains("exitCode") && numberAt(container, "exitCode") != 0;
    const std::string own = textAt(container, "reason");
    if (!failed && own.empty()) continue;
    std::string text = textAt(container, "name");
    if (failed) text += " exit " + std::to_string(numberAt(container, "exitCode"));
    if (!own.empty()) text += ": " + own;
    return reason.empty() ? text : text + "; " + reason;
  }
  return reason;
}

Tone toneOf(const std::string& status) {
  if (status == "RUNNING" || status == "HEALTHY" || status == "ACTIVE" || status == "COMPLETED" ||
      status == "SUCCESSFUL")
    return Tone::Good;
  if (status == "STOPPED" || status == "INACTIVE" || status == "UNKNOWN") return Tone::Faint;
  if (status == "UNHEALTHY" || status == "FAILED" || status == "LOST") return Tone::Bad;
  return status.empty() ? Tone::Plain : Tone::Wait;
}

}  // namespace berth::cli
