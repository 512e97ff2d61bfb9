#include "agent/network/chain.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/network/task_link.hpp"
#include "common/text/number.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::network {
namespace {

using berth::json::Fields;
using nlohmann::json;

constexpr std::array kVersions = {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};
constexpr size_t kMostWords = 512;
constexpr const char* kPortMappings = "portMappings";

bool isFileName(const std::string& text) {
  return !text.empty() && text.find('/') == std::string::npos && text != "." && text != "..";
}

Result<Plugin> parsePlugin(const json& object, const std::string& path) {
  Fields fields(object, path);
  Plugin out;
  out.type = fields.requiredStr("type");
  if (!out.type.empty() && !isFileName(out.type))
    fields.fault("type", "must be a program's name without a folder");
  if (const json* capabilities = fields.find("capabilities")) {
    Fields declared(*capabilities, fields.pathOf("capabilities"));
    out.mapsPorts = declared.boolean(kPortMappings);
    fields.absorb(declared);
  }
  if (Status status = fields.status(); !status) return status.error();
  out.config = berth::json::dump(object);
  return out;
}

json portsAsJson(const std::vector<PortMapping>& ports) {
  json out = json::array();
  for (const PortMapping& port : ports) {
    json one = {
        {"hostPort", port.hostPort}, {"containerPort", port.containerPort}, {"protocol", port.protocol}};
    if (!port.bindIp.empty() && port.bindIp != "0.0.0.0") one["hostIP"] = port.bindIp;
    out.push_back(std::move(one));
  }
  return out;
}

/// "10.191.0.5/20" as "10.191.0.0/20"; empty where there is no prefix.
std::string subnetOf(const std::string& address) {
  const size_t slash = address.find('/');
  const auto number = parseIpv4(address.substr(0, slash));
  const auto bits =
      slash == std::string::npos ? std::nullopt : parseNumber<uint8_t>(address.substr(slash + 1));
  if (!number || !bits || *bits > 32) return {};
  const uint32_t host = *bits == 32 ? 0 : 0xffffffffU >> *bits;
  return formatIpv4(*number & ~host) + address.substr(slash);
}

std::string shortened(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(0, kMostWords));
}

}  // namespace

Result<Chain> parseChain(std::string_view text, const std::string& source) {
  const auto object = berth::json::parseObject(text, source);
  if (!object) return object.error();
  Fields fields(*object, source);
  Chain out;
  out.text = std::string(text);
  out.name = fields.requiredStr("name");
  out.version = fields.requiredStr("cniVersion");
  if (!out.version.empty() && std::ranges::find(kVersions, out.version) == kVersions.end())
    fields.fault("cniVersion", "must be one of 0.3.0, 0.3.1, 0.4.0, 1.0.0 and 1.1.0");
  // Before 0.4.0 there is no CHECK.
  out.checks = !out.version.starts_with("0.3.") && !fields.boolean("disableCheck");
  const std::vector<const json*> plugins = fields.list("plugins");
  if (plugins.empty()) fields.fault("plugins", "must have at least one");
  for (size_t i = 0; i < plugins.size() && fields.status(); ++i) {
    auto plugin = parsePlugin(*plugins[i], fields.pathOf("plugins") + "[" + std::to_string(i) + "]");
    if (!plugin) return plugin.error();
    out.plugins.push_back(std::move(*plugin));
  }
  if (Status status = fields.status(); !status) return status.error();
  return out;
}

std::string bridgeChain(const std::string& subnet, const std::string& addressFolder) {
  json addresses = {{"type", "host-local"}, {"dataDir", addressFolder}};
  addresses["ranges"] = json::array({json::array({json{{"subnet", subnet}}})});
  addresses["routes"] = json::array({json{{"dst", "0.0.0.0/0"}}});
  // hairpinMode: a container reaches itself by its host port.
  json bridge = {{"type", "bridge"},    {"bridge", kBridge}, {"isGateway", true},
                 {"hairpinMode", true}, {"ipMasq", false},   {"ipam", std::move(addresses)}};
  json ports = {{"type", "portmap"}, {"capabilities", {{kPortMappings, true}}}};
  json list = {{"cniVersion", "1.0.0"}, {"name", kChainName}};
  list["plugins"] = json::array({std::move(bridge), std::move(ports)});
  return berth::json::dump(list);
}

bool isNeeded(const Plugin& plugin, const std::vector<PortMapping>& ports) {
  return plugin.type != "portmap" || !ports.empty();
}

std::string pluginInput(const Chain& chain, const Plugin& plugin, const std::vector<PortMapping>& ports,
                        const std::string& previous) {
  json out = json::parse(plugin.config, nullptr, false);
  out.erase("capabilities");
  out["name"] = chain.name;
  out["cniVersion"] = chain.version;
  if (plugin.mapsPorts && !ports.empty()) out["runtimeConfig"][kPortMappings] = portsAsJson(ports);
  if (json before = json::parse(previous, nullptr, false); before.is_object())
    out["prevResult"] = std::move(before);
  return berth::json::dump(out);
}

Result<Addresses> addressesOf(std::string_view result) {
  const auto object = berth::json::parseObject(result, "the result of the CNI plugins");
  if (!object) return object.error();
  Fields fields(*object, "result");
  const std::vector<const json*> interfaces = fields.list("interfaces");
  Addresses out;
  for (const json* each : fields.list("ips")) {
    Fields ip(*each, fields.pathOf("ips"));
    const std::string address = ip.requiredStr("address");
    const auto index = ip.optionalInteger("interface");
    if (!ip.status()) fields.absorb(ip);
    if (index && *index >= 0 && static_cast<size_t>(*index) < interfaces.size()) {
      Fields card(*interfaces[static_cast<size_t>(*index)], fields.pathOf("interfaces"));
      // Without a sandbox it is one of the host's.
      if (card.str("sandbox").empty()) continue;
      if (out.mac.empty()) out.mac = card.str("mac");
    }
    const bool four = address.find(':') == std::string::npos;
    std::string& place = four ? out.ipv4 : out.ipv6;
    if (!place.empty()) continue;
    place = address.substr(0, address.find('/'));
    if (!four) continue;
    out.subnet = subnetOf(address);
    out.gateway = ip.str("gateway");
  }
  if (const json* names = fields.find("dns")) {
    Fields dns(*names, fields.pathOf("dns"));
    out.nameServers = dns.strings("nameservers");
    out.searchDomains = dns.strings("search");
    fields.absorb(dns);
  }
  if (Status status = fields.status(); !status) return status.error();
  if (out.ipv4.empty() && out.ipv6.empty())
    return makeError(Code::FailedPrecondition, "the CNI plugins gave the container no address");
  return out;
}

Error pluginFailure(const std::string& type, const std::string& command, int code, std::string_view output,
                    std::string_view errors) {
  std::string what;
  if (const json said = json::parse(output, nullptr, false); said.is_object()) {
    Fields fields(said, "error");
    what = fields.str("msg");
    if (const std::string details = fields.str("details"); !details.empty()) what += "; " + details;
  }
  if (what.empty()) what = shortened(errors.empty() ? output : errors);
  if (what.empty()) what = "exit code " + std::to_string(code);
  const bool full = what.find("no IP addresses available") != std::string::npos;
  return makeError(full ? Code::ResourceExhausted : Code::Internal,
                   "CNI plugin " + type + " can't " + command + ": " + what);
}

}  // namespace berth::agent::network
