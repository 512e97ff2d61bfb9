#include "proto/docker/create_body.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/text/letter_case.hpp"
#include "proto/json/fields.hpp"

namespace berth::docker {
namespace {

using nlohmann::json;

/// The key of `object` that `key` means, or `key` itself.
std::string keyIn(const json& object, const std::string& key) {
  if (object.contains(key)) return key;
  for (const auto& [present, value] : object.items()) {
    if (equalsIgnoreCase(present, key)) return present;
  }
  return key;
}

void mergeMember(json& target, const std::string& key, const json& value) {
  json& slot = target[keyIn(target, key)];
  if (value.is_null()) {
    if (slot.is_structured()) slot.clear();
  } else if (slot.is_object() && value.is_object()) {
    slot.update(value);
  } else {
    slot = value;
  }
}

/// Decodes `text` over `target`. Members named in `foreign` are not part of that type and are dropped.
Status decodeOver(json& target, const std::string& text, std::string_view what,
                  std::initializer_list<std::string_view> foreign) {
  if (text.empty()) return {};
  const Result<json> overlay = berth::json::parseObject(text, what);
  if (!overlay) return overlay.error();
  for (const auto& [key, value] : overlay->items()) {
    const bool dropped =
        std::ranges::any_of(foreign, [&](std::string_view name) { return equalsIgnoreCase(name, key); });
    if (!dropped) mergeMember(target, key, value);
  }
  return {};
}

json configOf(const CreateBody& body) {
  json config = {{"Image", body.image}};
  if (body.command) config["Cmd"] = *body.command;
  if (body.entryPoint) config["Entrypoint"] = *body.entryPoint;
  json env = json::array();
  for (const auto& [name, value] : body.environment) env.push_back(name + "=" + value);
  config["Env"] = std::move(env);
  config["Labels"] = body.labels;
  json exposed = json::object();
  for (const PortBinding& port : body.ports) {
    exposed[std::to_string(port.containerPort) + "/" + port.protocol] = json::object();
  }
  config["ExposedPorts"] = std::move(exposed);
  return config;
}

json hostConfigOf(const CreateBody& body) {
  json host = {{"Binds", body.binds}, {"CpuShares", body.cpuShares}, {"Memory", body.memoryBytes}};
  if (!body.networkMode.empty()) host["NetworkMode"] = body.networkMode;
  json bindings = json::object();
  for (const PortBinding& port : body.ports) {
    bindings[std::to_string(port.containerPort) + "/" + port.protocol].push_back(
        {{"HostIp", port.hostIp}, {"HostPort", std::to_string(port.hostPort)}});
  }
  host["PortBindings"] = std::move(bindings);
  if (!body.links.empty()) host["Links"] = body.links;
  if (!body.volumesFrom.empty()) host["VolumesFrom"] = body.volumesFrom;
  return host;
}

Status addLogOptions(json& host, const std::map<std::string, std::string>& options) {
  if (options.empty()) return {};
  json& log = host[keyIn(host, "LogConfig")];
  if (log.is_null()) log = json::object();
  if (!log.is_object())
    return makeError(Code::InvalidArgument, "dockerConfig.hostConfig.LogConfig is no object");
  json& config = log[keyIn(log, "Config")];
  if (!config.is_object()) config = json::object();
  for (const auto& [key, value] : options) config[key] = value;
  return {};
}

}  // namespace

Result<std::string> encodeCreateBody(const CreateBody& body) {
  json config = configOf(body);
  const Status configured =
      decodeOver(config, body.config, "dockerConfig.config", {"HostConfig", "NetworkingConfig"});
  if (!configured) return configured.error();
  if (!config["Labels"].is_object()) {
    return makeError(Code::InvalidArgument, "dockerConfig.config.Labels is not a map");
  }
  for (const auto& [key, value] : body.labels) config["Labels"][key] = value;
  json host = hostConfigOf(body);
  const Status hosted = decodeOver(host, body.hostConfig, "dockerConfig.hostConfig", {});
  if (!hosted) return hosted.error();
  const auto force = [&host](const char* member, const std::string& value) {
    if (!value.empty()) host[keyIn(host, member)] = value;
  };
  force("CgroupParent", body.cgroupParent);
  force("PidMode", body.pidMode);
  force("IpcMode", body.ipcMode);
  force("Runtime", body.runtime);
  if (Status logged = addLogOptions(host, body.logOptions); !logged) return logged.error();
  config["HostConfig"] = std::move(host);
  return berth::json::dump(config);
}

}  // namespace berth::docker
