#include "proto/docker/codec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/text/number.hpp"
#include "common/time/timestamp.hpp"
#include "proto/json/fields.hpp"

namespace berth::docker {
namespace {

using json::Fields;

const nlohmann::json kNothing = nlohmann::json::object();

/// The object member `key`, or an empty object.
const nlohmann::json& member(const Fields& fields, std::string_view key) {
  const nlohmann::json* value = fields.find(key);
  return value ? *value : kNothing;
}

/// {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}], "81/tcp": null}: the second is not published.
void readPorts(Fields& settings, std::vector<PortBinding>& out) {
  const nlohmann::json& ports = member(settings, "Ports");
  if (!ports.is_object()) return settings.fault("Ports", "is not a map");
  for (const auto& [key, bindings] : ports.items()) {
    if (!bindings.is_array()) continue;
    const size_t slash = key.find('/');
    const auto containerPort = parseNumber<uint16_t>(std::string_view(key).substr(0, slash));
    if (!containerPort) return settings.fault("Ports", "has a key that is not PORT/PROTOCOL");
    for (const nlohmann::json& entry : bindings) {
      Fields binding(entry, settings.pathOf("Ports." + key));
      PortBinding port;
      port.containerPort = *containerPort;
      port.protocol = slash == std::string::npos ? "tcp" : key.substr(slash + 1);
      port.hostIp = binding.str("HostIp");
      const auto hostPort = parseNumber<uint16_t>(binding.str("HostPort"));
      settings.absorb(binding);
      if (hostPort) {
        port.hostPort = *hostPort;
        out.push_back(std::move(port));
      }
    }
  }
}

void readNetworks(Fields& settings, std::vector<Network>& out) {
  const nlohmann::json& networks = member(settings, "Networks");
  if (!networks.is_object()) return;
  for (const auto& [name, value] : networks.items()) {
    Fields from(value, settings.pathOf("Networks." + name));
    out.push_back(
        Network{name, from.str("IPAddress"), from.str("GlobalIPv6Address"), from.str("MacAddress")});
    settings.absorb(from);
  }
}

std::optional<Health> readHealth(Fields& state) {
  if (!state.has("Health")) return std::nullopt;
  Fields from(member(state, "Health"), state.pathOf("Health"));
  Health health;
  health.status = from.str("Status");
  const auto log = from.list("Log");
  if (!log.empty()) {
    Fields last(*log.back(), from.pathOf("Log"));
    health.output = last.str("Output");
    if (const auto code = last.optionalInteger("ExitCode")) health.exitCode = static_cast<int>(*code);
    from.absorb(last);
  }
  state.absorb(from);
  return health;
}

void readMounts(Fields& container, std::vector<MountPoint>& out) {
  for (const nlohmann::json* each : container.list("Mounts")) {
    Fields mount(*each, container.pathOf("Mounts"));
    out.push_back(MountPoint{mount.str("Name"), mount.str("Source"), mount.str("Destination")});
    container.absorb(mount);
  }
}

void readState(Fields& state, ContainerInspect& out) {
  out.status = state.requiredStr("Status");
  out.pid = state.integer("Pid");
  out.exitCode = static_cast<int>(state.integer("ExitCode"));
  out.oomKilled = state.boolean("OOMKilled");
  out.error = state.str("Error");
  out.startedAt = parseTimestamp(state.str("StartedAt"));
  out.finishedAt = parseTimestamp(state.str("FinishedAt"));
  out.health = readHealth(state);
}

/// Runs `read(fields, out)` on the object in `text`, or on these members of it.
template <class T, class Read>
Result<T> decodeObject(std::string_view text, std::string_view what, Read read,
                       const std::vector<std::string_view>& members = {}) {
  const Result<nlohmann::json> parsed = json::parseObject(text, what, members);
  if (!parsed) return parsed.error();
  Fields fields(*parsed, std::string(what));
  T out;
  read(fields, out);
  if (const Status status = fields.status(); !status) return status.error();
  return out;
}

/// Runs `read(fields, element)` on each object of the array in `text`.
template <class T, class Read>
Result<std::vector<T>> decodeArray(std::string_view text, std::string_view what, Read read) {
  // Inside an object it goes the way of the others.
  std::string wrapped = "{\"all\":";
  wrapped.append(text).append("}");
  return decodeObject<std::vector<T>>(wrapped, what, [&read](Fields& fields, std::vector<T>& out) {
    if (!fields.has("all")) fields.fault("all", "is missing");
    for (const nlohmann::json* entry : fields.list("all")) {
      Fields element(*entry, fields.pathOf("all"));
      read(element, out.emplace_back());
      fields.absorb(element);
    }
  });
}

/// Docker's lists have whole seconds; a number that is no time of ours becomes the epoch.
WallTime fromSeconds(int64_t seconds) { return fromEpochSeconds(static_cast<double>(seconds)); }

}  // namespace

Result<Version> decodeVersion(std::string_view body) {
  return decodeObject<Version>(body, "version", [](Fields& fields, Version& out) {
    out.version = fields.str("Version");
    out.apiVersion = fields.requiredStr("ApiVersion");
    out.minApiVersion = fields.str("MinAPIVersion", out.apiVersion);
  });
}

Result<SystemInfo> decodeInfo(std::string_view body) {
  return decodeObject<SystemInfo>(body, "info", [](Fields& fields, SystemInfo& out) {
    Fields plugins(member(fields, "Plugins"), "info.Plugins");
    out.loggingDrivers = plugins.strings("Log");
    out.volumePlugins = plugins.strings("Volume");
    out.cgroupDriver = fields.str("CgroupDriver");
    out.rootDir = fields.str("DockerRootDir");
    fields.absorb(plugins);
  });
}

Result<std::string> decodeCreated(std::string_view body) {
  return decodeObject<std::string>(body, "created container",
                                   [](Fields& fields, std::string& out) { out = fields.requiredStr("Id"); });
}

Result<ContainerInspect> decodeContainer(std::string_view body) {
  // Much of an answer is what the container was made from, which nobody reads.
  static const std::vector<std::string_view> kRead = {
      "Id",    "Name",    "Config.Labels", "Config.Tty", "HostConfig.LogConfig", "State", "NetworkSettings",
      "Image", "Created", "Mounts"};
  const auto read = [](Fields& fields, ContainerInspect& out) {
    out.id = fields.requiredStr("Id");
    out.name = fields.str("Name");
    if (out.name.starts_with('/')) out.name.erase(0, 1);
    Fields config(member(fields, "Config"), "container.Config");
    out.labels = config.stringMap("Labels");
    out.tty = config.boolean("Tty");
    fields.absorb(config);
    Fields host(member(fields, "HostConfig"), "container.HostConfig");
    Fields log(member(host, "LogConfig"), "container.HostConfig.LogConfig");
    out.logDriver = log.str("Type");
    Fields state(member(fields, "State"), "container.State");
    readState(state, out);
    fields.absorb(state);
    Fields settings(member(fields, "NetworkSettings"), "container.NetworkSettings");
    readPorts(settings, out.ports);
    readNetworks(settings, out.networks);
    fields.absorb(settings);
    out.imageId = fields.str("Image");
    out.created = parseTimestamp(fields.str("Created"));
    readMounts(fields, out.mounts);
  };
  return decodeObject<ContainerInspect>(body, "container", read, kRead);
}

std::string encodeExec(const ExecSpec& spec) {
  return json::dump({{"AttachStdin", spec.input},
                     {"AttachStdout", true},
                     {"AttachStderr", true},
                     {"Tty", spec.tty},
                     {"User", spec.user},
                     {"Cmd", spec.command}});
}

std::string encodeExecStart(bool tty) { return json::dump({{"Detach", false}, {"Tty", tty}}); }

Result<ExecState> decodeExec(std::string_view body) {
  return decodeObject<ExecState>(body, "exec", [](Fields& fields, ExecState& out) {
    out.running = fields.boolean("Running");
    out.pid = fields.integer("Pid");
    if (const auto code = fields.optionalInteger("ExitCode")) out.exitCode = static_cast<int>(*code);
  });
}

Result<std::vector<ContainerSummary>> decodeContainers(std::string_view body) {
  return decodeArray<ContainerSummary>(body, "container list", [](Fields& container, ContainerSummary& out) {
    out.id = container.requiredStr("Id");
    const std::vector<std::string> names = container.strings("Names");
    if (!names.empty()) out.name = names.front();
    if (out.name.starts_with('/')) out.name.erase(0, 1);
    out.imageId = container.str("ImageID");
    out.labels = container.stringMap("Labels");
    out.state = container.str("State");
    out.created = fromSeconds(container.integer("Created"));
    out.sizeRw = std::max<int64_t>(container.integer("SizeRw"), 0);
  });
}

Result<ImageInspect> decodeImage(std::string_view body) {
  return decodeObject<ImageInspect>(body, "image", [](Fields& fields, ImageInspect& out) {
    out.id = fields.requiredStr("Id");
    out.repoDigests = fields.strings("RepoDigests");
    out.size = fields.integer("Size");
  });
}

Result<std::vector<ImageSummary>> decodeImages(std::string_view body) {
  return decodeArray<ImageSummary>(body, "image list", [](Fields& image, ImageSummary& out) {
    out.id = image.requiredStr("Id");
    out.repoTags = image.strings("RepoTags");
    out.repoDigests = image.strings("RepoDigests");
    // How an image without a name is listed.
    std::erase(out.repoTags, "<none>:<none>");
    std::erase(out.repoDigests, "<none>@<none>");
    out.size = image.integer("Size");
    out.created = fromSeconds(image.integer("Created"));
  });
}

Result<std::string> decodeDistribution(std::string_view body) {
  return decodeObject<std::string>(body, "distribution", [](Fields& fields, std::string& out) {
    Fields descriptor(member(fields, "Descriptor"), "distribution.Descriptor");
    out = descriptor.requiredStr("digest");
    fields.absorb(descriptor);
  });
}

Result<Event> decodeEvent(std::string_view line) {
  return decodeObject<Event>(line, "event", [](Fields& fields, Event& out) {
    Fields actor(member(fields, "Actor"), "event.Actor");
    out.type = fields.str("Type");
    out.action = fields.str("Action");
    out.id = actor.str("ID");
    fields.absorb(actor);
  });
}

Result<PullProgress> decodePullProgress(std::string_view line) {
  return decodeObject<PullProgress>(line, "pull progress", [](Fields& fields, PullProgress& out) {
    out.status = fields.str("status");
    out.id = fields.str("id");
    Fields progress(member(fields, "progressDetail"), "pull progress.progressDetail");
    out.current = progress.integer("current");
    out.total = progress.integer("total");
    fields.absorb(progress);
    Fields detail(member(fields, "errorDetail"), "pull progress.errorDetail");
    out.error = detail.str("message", fields.str("error"));
    fields.absorb(detail);
    if (out.error.empty() && fields.has("errorDetail")) out.error = "the pull failed without a reason";
  });
}

std::string errorMessage(int status, std::string_view body) {
  constexpr size_t kLongest = 1024;
  constexpr std::string_view kBlank = " \t\r\n";
  const Result<std::string> message = decodeObject<std::string>(
      body, "error", [](Fields& fields, std::string& out) { out = fields.str("message"); });
  std::string text = message ? *message : std::string(body);
  text.erase(0, text.find_first_not_of(kBlank));
  text.erase(text.find_last_not_of(kBlank) + 1);
  if (text.empty()) return "HTTP status " + std::to_string(status);
  return text.substr(0, kLongest);
}

Result<Volume> decodeVolume(std::string_view body) {
  return decodeObject<Volume>(body, "volume", [](Fields& fields, Volume& out) {
    out.name = fields.requiredStr("Name");
    out.driver = fields.str("Driver");
    out.options = fields.stringMap("Options");
    out.labels = fields.stringMap("Labels");
  });
}

std::string encodeVolume(const Volume& volume) {
  nlohmann::json out{{"Name", volume.name}, {"DriverOpts", volume.options}, {"Labels", volume.labels}};
  out["Driver"] = volume.driver.empty() ? "local" : volume.driver;
  return json::dump(out);
}

std::string encodeFilters(const std::map<std::string, std::vector<std::string>>& filters) {
  return json::dump(filters);
}

}  // namespace berth::docker
