#include "cli/compose/ports_volumes.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/text/number.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

struct Port {
  std::string target;
  std::string published;
  std::string protocol = "tcp";
};

std::optional<int64_t> portNumber(const std::string& text) {
  const auto port = parseNumber<int64_t>(text);
  return port && *port >= 1 && *port <= 65535 ? port : std::nullopt;
}

void addPort(const std::string& path, const Port& port, ComposeContainer& out, Refusals& refusals) {
  const auto target = portNumber(port.target);
  const auto published = port.published.empty() ? std::optional<int64_t>(0) : portNumber(port.published);
  if (!target || !published)
    return refusals.add(path, "a port must be a number from 1 to 65535; ranges are not offered");
  if (port.protocol != "tcp" && port.protocol != "udp")
    return refusals.add(path, "the protocol must be tcp or udp");
  out.definition["portMappings"].push_back(
      {{"containerPort", *target}, {"hostPort", *published}, {"protocol", port.protocol}});
}

void shortPort(const std::string& path, std::string text, ComposeContainer& out, Refusals& refusals) {
  Port port;
  if (const size_t slash = text.find('/'); slash != std::string::npos) {
    port.protocol = text.substr(slash + 1);
    text.resize(slash);
  }
  const size_t colon = text.rfind(':');
  port.target = text.substr(colon == std::string::npos ? 0 : colon + 1);
  if (colon != std::string::npos) port.published = text.substr(0, colon);
  if (port.published.find(':') != std::string::npos)
    return refusals.add(path, "an address of the host is not offered: ports are published on all of them");
  addPort(path, port, out, refusals);
}

void longPort(const std::string& path, const json& spec, ComposeContainer& out, Refusals& refusals) {
  Port port;
  for (const auto& [member, value] : spec.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : std::string();
    if (member == "target") {
      port.target = text;
    } else if (member == "published") {
      port.published = text;
    } else if (member == "protocol") {
      port.protocol = text;
    } else if (member != "mode" && member != "name") {
      refusals.add(path + "." + member, "is not offered");
    }
  }
  addPort(path, port, out, refusals);
}

struct Mount {
  std::string type;
  std::string source;
  std::string target;
  bool readOnly = false;
};

bool isPath(const std::string& source) { return source.starts_with('/') || source.starts_with('.'); }

/// A name for the volume of a host's path or of a container's own, out of where it is mounted.
std::string mountName(const std::string& container, const std::string& target) {
  std::string out = container;
  for (const char c : target) out += std::isalnum(static_cast<unsigned char>(c)) ? c : '-';
  return out;
}

/// Docker's volume that a top-level name means.
json sharedVolume(const std::string& path, const std::string& source, const ComposeSurroundings& around,
                  Refusals& refusals) {
  json spec = around.volumes.value(source, json::object());
  if (!spec.is_object()) spec = json::object();
  std::string name = around.project + "_" + source;
  json docker{{"scope", "shared"}, {"autoprovision", true}, {"driver", "local"}};
  for (const auto& [member, value] : spec.items()) {
    if (member == "name") {
      name = value.get<std::string>();
    } else if (member == "external" && value == "true") {
      docker["autoprovision"] = false;
      if (!spec.contains("name")) name = source;
    } else if (member == "driver") {
      docker["driver"] = value;
    } else if (member == "driver_opts" && value.is_object()) {
      docker["driverOpts"] = value;
    } else if (member == "labels" && value.is_object()) {
      docker["labels"] = value;
    } else if (!member.starts_with("x-")) {
      refusals.add("volumes." + source + "." + member, "is not offered");
    }
  }
  if (!around.volumes.contains(source))
    refusals.add(path, "the volume '" + source +
                           "' is not among the top-level `volumes`: write it there, or './" + source +
                           "' for a folder");
  return {{"name", name}, {"dockerVolumeConfiguration", docker}};
}

void addMount(const std::string& path, const Mount& mount, const ComposeSurroundings& around,
              ComposeContainer& out, Refusals& refusals) {
  if (!mount.target.starts_with('/'))
    return refusals.add(path, "must be mounted at a path that begins with '/'");
  json volume;
  if (mount.source.starts_with('~')) return refusals.add(path, "'~' is not offered: write the whole path");
  if (mount.source.empty()) {
    volume = {{"name", mountName(out.definition["name"], mount.target)}};
  } else if (mount.type == "bind") {
    const std::string source =
        (std::filesystem::path(around.folder) / mount.source).lexically_normal().string();
    volume = {{"name", mountName(out.definition["name"], mount.target)}, {"host", {{"sourcePath", source}}}};
  } else {
    volume = sharedVolume(path, mount.source, around, refusals);
  }
  json point{{"sourceVolume", volume["name"]}, {"containerPath", mount.target}};
  if (mount.readOnly) point["readOnly"] = true;
  out.definition["mountPoints"].push_back(std::move(point));
  const bool known = std::ranges::find(out.volumes, volume) != out.volumes.end();
  if (!known) out.volumes.push_back(std::move(volume));
}

void shortVolume(const std::string& path, const std::string& text, const ComposeSurroundings& around,
                 ComposeContainer& out, Refusals& refusals) {
  Mount mount;
  const size_t first = text.find(':');
  if (first == std::string::npos) {
    mount.target = text;
  } else {
    mount.source = text.substr(0, first);
    mount.target = text.substr(first + 1);
    if (const size_t second = mount.target.find(':'); second != std::string::npos) {
      const std::string mode = mount.target.substr(second + 1);
      if (mode != "ro" && mode != "rw")
        refusals.add(path, "the mode '" + mode + "' is not offered: only ro and rw are");
      mount.readOnly = mode == "ro";
      mount.target.resize(second);
    }
  }
  mount.type = isPath(mount.source) ? "bind" : "volume";
  addMount(path, mount, around, out, refusals);
}

void longVolume(const std::string& path, const json& spec, const ComposeSurroundings& around,
                ComposeContainer& out, Refusals& refusals) {
  Mount mount;
  for (const auto& [member, value] : spec.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : std::string();
    if (member == "type") {
      mount.type = text;
    } else if (member == "source") {
      mount.source = text;
    } else if (member == "target") {
      mount.target = text;
    } else if (member == "read_only") {
      mount.readOnly = text == "true";
    } else {
      refusals.add(path + "." + member, "is not offered");
    }
  }
  if (mount.type != "bind" && mount.type != "volume")
    return refusals.add(path + ".type", "must be bind or volume");
  if (mount.type == "bind" && mount.source.empty()) return refusals.add(path, "a bind needs a `source`");
  addMount(path, mount, around, out, refusals);
}

std::string itemPath(const std::string& path, size_t place) {
  return path + "[" + std::to_string(place) + "]";
}

}  // namespace

void readPorts(const std::string& path, const json& value, ComposeContainer& out, Refusals& refusals) {
  if (!value.is_array()) return refusals.add(path, "must be a list");
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i].is_string()) {
      shortPort(itemPath(path, i), value[i].get<std::string>(), out, refusals);
    } else if (value[i].is_object()) {
      longPort(itemPath(path, i), value[i], out, refusals);
    } else {
      refusals.add(itemPath(path, i), "must be text or a mapping");
    }
  }
}

void readVolumes(const std::string& path, const json& value, const ComposeSurroundings& around,
                 ComposeContainer& out, Refusals& refusals) {
  if (!value.is_array()) return refusals.add(path, "must be a list");
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i].is_string()) {
      shortVolume(itemPath(path, i), value[i].get<std::string>(), around, out, refusals);
    } else if (value[i].is_object()) {
      longVolume(itemPath(path, i), value[i], around, out, refusals);
    } else {
      refusals.add(itemPath(path, i), "must be text or a mapping");
    }
  }
}

}  // namespace berth::cli
