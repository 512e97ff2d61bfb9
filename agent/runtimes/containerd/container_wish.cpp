#include "agent/runtimes/containerd/container_wish.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/runtimes/containerd/log_shipper.hpp"
#include "common/text/letter_case.hpp"
#include "common/text/number.hpp"
#include "common/text/replace.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::containerd {
namespace {

using berth::json::Fields;
using nlohmann::json;

constexpr int64_t kLeastMemory = 4 << 20;
constexpr int64_t kQuotaPeriod = 100000;
constexpr int64_t kNanosPerCpu = 1000000000;

// Members whose value is taken, or means nothing here: who attaches, what is exposed without being published.
constexpr std::array kKnownConfig = {
    "Image",        "Cmd",         "Entrypoint",   "Env",          "Labels",     "User",
    "WorkingDir",   "Volumes",     "Hostname",     "Domainname",   "StopSignal", "StopTimeout",
    "ExposedPorts", "AttachStdin", "AttachStdout", "AttachStderr", "HostConfig", "NetworkDisabled",
    "StdinOnce",    "Tty",         "OpenStdin"};
constexpr std::array kKnownHost = {"Binds",
                                   "Tmpfs",
                                   "VolumesFrom",
                                   "ShmSize",
                                   "ReadonlyRootfs",
                                   "CpuShares",
                                   "CpuPeriod",
                                   "CpuQuota",
                                   "NanoCpus",
                                   "CpusetCpus",
                                   "CpusetMems",
                                   "Memory",
                                   "MemoryReservation",
                                   "MemorySwap",
                                   "MemorySwappiness",
                                   "PidsLimit",
                                   "BlkioWeight",
                                   "OomKillDisable",
                                   "OomScoreAdj",
                                   "Privileged",
                                   "CapAdd",
                                   "CapDrop",
                                   "SecurityOpt",
                                   "GroupAdd",
                                   "Ulimits",
                                   "Devices",
                                   "Sysctls",
                                   "NetworkMode",
                                   "PidMode",
                                   "IpcMode",
                                   "UTSMode",
                                   "CgroupParent",
                                   "ExtraHosts",
                                   "Dns",
                                   "DnsSearch",
                                   "DnsOptions",
                                   "Runtime",
                                   "LogConfig",
                                   "RestartPolicy",
                                   "ConsoleSize",
                                   "Links",
                                   "PortBindings",
                                   "Init"};

Error notYet(const std::string& member, const std::string& hint = {}) {
  return makeError(Code::Unimplemented, member + " is not supported by the containerd runtime" +
                                            (hint.empty() ? "" : ": " + hint));
}

/// A value that asks for nothing.
bool isEmptyWish(const json& value) {
  return value.is_null() || value == false || value == 0 || value == "" ||
         (value.is_structured() && value.empty());
}

template <size_t N>
Status onlyKnown(const json& object, const std::array<const char*, N>& known, const std::string& path) {
  for (const auto& [member, value] : object.items()) {
    const auto taken = [&wanted = member](const char* name) { return equalsIgnoreCase(name, wanted); };
    if (!std::ranges::any_of(known, taken) && !isEmptyWish(value)) return notYet(path + member);
  }
  return {};
}

Result<Bind> parseBind(const std::string& text) {
  const size_t first = text.find(':');
  if (first == std::string::npos) {
    return makeError(Code::InvalidArgument, "bind \"" + text + "\" is not SOURCE:DESTINATION[:OPTIONS]");
  }
  const size_t second = text.find(':', first + 1);
  Bind out{text.substr(0, first), text.substr(first + 1, second - first - 1)};
  std::string_view options =
      second == std::string::npos ? std::string_view() : std::string_view(text).substr(second + 1);
  while (!options.empty()) {
    const size_t end = std::min(options.find(','), options.size());
    const std::string_view one = options.substr(0, end);
    options.remove_prefix(std::min(end + 1, options.size()));
    if (one == "ro")
      out.readOnly = true;
    else if (one != "rw" && one != "z" && one != "Z" && one != "nocopy" && one != "rprivate") {
      return notYet("option " + std::string(one) + " of bind \"" + text + "\"");
    }
  }
  if (!out.destination.starts_with('/')) {
    return makeError(Code::InvalidArgument,
                     "bind \"" + text + "\": the place in the container is not absolute");
  }
  return out;
}

/// Times are nanoseconds, 0 for the default.
Status putHealth(HealthPlan& out, Fields& health) {
  auto test = health.strings("Test");
  const std::string kind = test.empty() ? "NONE" : test.front();
  if (kind == "NONE") return {};
  test.erase(test.begin());
  if ((kind != "CMD" && kind != "CMD-SHELL") || test.empty()) {
    return makeError(Code::InvalidArgument, "healthCheck: its command begins with \"" + kind +
                                                "\": it must be CMD or CMD-SHELL and what to run, or NONE");
  }
  out.command = kind == "CMD" ? test : std::vector<std::string>{"/bin/sh", "-c", test.front()};
  if (const int64_t given = health.integer("Interval"); given > 0) out.interval = Duration(given);
  if (const int64_t given = health.integer("Timeout"); given > 0) out.timeout = Duration(given);
  if (const int64_t given = health.integer("StartPeriod"); given > 0) out.startPeriod = Duration(given);
  if (const int64_t given = health.integer("Retries"); given > 0) out.retries = static_cast<int>(given);
  return health.status();
}

Status putConfig(ContainerWish& out, Fields& fields, const json& config) {
  out.image = fields.str("Image");
  out.command = fields.optionalStrings("Cmd");
  out.entryPoint = fields.optionalStrings("Entrypoint");
  out.environment = fields.strings("Env");
  out.labels = fields.stringMap("Labels");
  out.user = fields.str("User");
  out.workingDir = fields.str("WorkingDir");
  out.hostname = fields.str("Hostname");
  out.domainname = fields.str("Domainname");
  out.stopSignal = fields.str("StopSignal");
  out.terminal = fields.boolean("Tty");
  out.openInput = fields.boolean("OpenStdin");
  if (const json* volumes = fields.find("Volumes"); volumes && volumes->is_object()) {
    for (const auto& [place, nothing] : volumes->items()) out.volumes.push_back(place);
  }
  if (const json* check = fields.find("Healthcheck"); check && !isEmptyWish(*check)) {
    Fields health(*check, "healthCheck");
    if (Status put = putHealth(out.health, health); !put) return put;
  }
  json rest = config;
  for (auto at = rest.begin(); at != rest.end();)
    at = equalsIgnoreCase(at.key(), "Healthcheck") ? rest.erase(at) : ++at;
  return onlyKnown(rest, kKnownConfig, "");
}

Status putMounts(ContainerWish& out, Fields& host) {
  for (const std::string& text : host.strings("Binds")) {
    // "" is an anonymous volume: its text has no source.
    if (text.starts_with('/') && text.find(':') == std::string::npos) {
      out.volumes.push_back(text);
      continue;
    }
    Result<Bind> bind = parseBind(text);
    if (!bind) return bind.error();
    out.binds.push_back(std::move(*bind));
  }
  out.tmpfs = host.stringMap("Tmpfs");
  out.volumesFrom = host.strings("VolumesFrom");
  if (const int64_t bytes = host.integer("ShmSize"); bytes > 0) out.shmBytes = bytes;
  out.readOnlyRoot = host.boolean("ReadonlyRootfs");
  if (const json* init = host.find("Init")) out.init = init->is_boolean() && init->get<bool>();
  return {};
}

Status putResources(ContainerWish& out, Fields& host) {
  out.cpuShares = host.integer("CpuShares");
  out.cpuPeriod = host.integer("CpuPeriod");
  out.cpuQuota = host.integer("CpuQuota");
  if (const int64_t nanos = host.integer("NanoCpus"); nanos > 0) {
    out.cpuPeriod = kQuotaPeriod;
    out.cpuQuota = nanos * kQuotaPeriod / kNanosPerCpu;
  }
  out.cpus = host.str("CpusetCpus");
  out.memoryNodes = host.str("CpusetMems");
  out.memory = host.integer("Memory");
  out.memoryReservation = host.integer("MemoryReservation");
  out.memorySwap = host.integer("MemorySwap");
  out.swappiness = host.optionalInteger("MemorySwappiness");
  if (out.swappiness && *out.swappiness < 0) out.swappiness.reset();
  out.pids = host.integer("PidsLimit");
  out.blkioWeight = host.integer("BlkioWeight");
  out.oomKillDisable = host.boolean("OomKillDisable");
  out.oomScoreAdj = host.optionalInteger("OomScoreAdj");
  if (out.memory > 0 && out.memory < kLeastMemory) {
    return makeError(Code::InvalidArgument, "a memory limit of " + std::to_string(out.memory) +
                                                " bytes is below the least that is possible, 4 MiB");
  }
  if (out.memorySwap > 0 && out.memorySwap < out.memory) {
    return makeError(Code::InvalidArgument, "MemorySwap counts memory and swap: it may not be below Memory");
  }
  return {};
}

/// "apparmor=NAME" or "apparmor:NAME", as Docker has both; nullopt for another option.
std::optional<std::string> appArmorIn(const std::string& option) {
  constexpr std::string_view kName = "apparmor";
  const bool its = option.starts_with(kName) && option.size() > kName.size() + 1 &&
                   (option[kName.size()] == '=' || option[kName.size()] == ':');
  return its ? std::optional(option.substr(kName.size() + 1)) : std::nullopt;
}

Status putSecurity(ContainerWish& out, Fields& host) {
  out.privileged = host.boolean("Privileged");
  out.capAdd = host.strings("CapAdd");
  out.capDrop = host.strings("CapDrop");
  out.groups = host.strings("GroupAdd");
  out.sysctls = host.stringMap("Sysctls");
  for (const std::string& option : host.strings("SecurityOpt")) {
    if (option == "no-new-privileges" || option == "no-new-privileges:true" ||
        option == "no-new-privileges=true") {
      out.noNewPrivileges = true;
    } else if (option == "seccomp=unconfined" || option == "seccomp:unconfined") {
      out.seccomp = false;
    } else if (const auto profile = appArmorIn(option)) {
      if (*profile != "unconfined") out.appArmor = *profile;
    } else if (option != "label=disable" && option != "label:disable") {
      return notYet("security option " + option);
    }
  }
  for (const json* each : host.list("Ulimits")) {
    Fields limit(*each, host.pathOf("Ulimits"));
    out.ulimits.push_back(Ulimit{limit.requiredStr("Name"), limit.integer("Soft"), limit.integer("Hard")});
    host.absorb(limit);
  }
  for (const json* each : host.list("Devices")) {
    Fields device(*each, host.pathOf("Devices"));
    DeviceWish one{device.requiredStr("PathOnHost"), device.str("PathInContainer"),
                   device.str("CgroupPermissions", "rwm")};
    if (one.containerPath.empty()) one.containerPath = one.hostPath;
    out.devices.push_back(std::move(one));
    host.absorb(device);
  }
  return {};
}

/// "10m", "500k", "1g", "4096": Docker counts these by thousands.
std::optional<int64_t> logBytes(std::string text) {
  constexpr int64_t kMost = int64_t{1} << 39;
  int64_t unit = 1;
  if (!text.empty() && (text.back() == 'b' || text.back() == 'B')) text.pop_back();
  const char letter = text.empty() ? '0' : text.back();
  if (letter == 'k' || letter == 'K') unit = 1000;
  if (letter == 'm' || letter == 'M') unit = 1000 * 1000;
  if (letter == 'g' || letter == 'G') unit = 1000 * 1000 * 1000;
  if (unit > 1) text.pop_back();
  const auto number = parseNumber<int64_t>(text);
  if (!number || *number < 1 || *number > kMost / unit) return std::nullopt;
  return *number * unit;
}

Status putLogLimits(LogLimits& out, const std::map<std::string, std::string>& options) {
  constexpr int64_t kMostFiles = 1000;
  if (options.contains("max-size")) out.maxFiles = 1;
  for (const auto& [name, value] : options) {
    if (name == "max-size") {
      const auto bytes = logBytes(value);
      if (!bytes) {
        return makeError(Code::InvalidArgument,
                         "log option max-size is \"" + value +
                             "\": it must be a size like 10m, at least 1 and at most 512g");
      }
      out.maxBytes = *bytes;
    } else if (name == "max-file") {
      const auto files = parseNumber<int64_t>(value);
      if (!files || *files < 1 || *files > kMostFiles) {
        return makeError(Code::InvalidArgument,
                         "log option max-file is \"" + value + "\": it must be a number from 1 to 1000");
      }
      out.maxFiles = *files;
    } else if (name != "mode" && name != "max-buffer-size") {
      // Those two say what a slow sink may do to the container: nothing, whatever they are.
      return notYet("log option " + name, "max-size, max-file, mode and max-buffer-size are");
    }
  }
  return {};
}

Status putLogDriver(ContainerWish& out, const LogDriver& driver) {
  if (driver.name == "json-file" || driver.name.empty()) return putLogLimits(out.log, driver.options);
  // Whatever the container's id and name are: what is wrong with the options is known now.
  const Status checked = driver.name == kNoLog ? Status() : checkSink(driver);
  if (!checked && checked.error().code == Code::NotFound)
    return notYet("log driver " + driver.name, "json-file, awslogs, syslog, journald, fluentd and none are");
  if (checked) out.logDriver = driver;
  return checked;
}

/// "8080/tcp": a port without a protocol is one of TCP.
Result<PortMapping> parseContainerPort(const std::string& text) {
  const size_t slash = text.find('/');
  const auto port = parseNumber<uint16_t>(std::string_view(text).substr(0, slash));
  if (!port || *port == 0) {
    return makeError(Code::InvalidArgument, "PortBindings: \"" + text + "\" is not PORT/tcp or PORT/udp");
  }
  PortMapping out;
  out.containerPort = *port;
  if (slash != std::string::npos) out.protocol = text.substr(slash + 1);
  return out;
}

Result<uint16_t> parseHostPort(const std::string& text) {
  if (text.empty()) return uint16_t{0};
  if (const auto port = parseNumber<uint16_t>(text)) return *port;
  return makeError(Code::InvalidArgument, "PortBindings: the host port \"" + text +
                                              "\" is not one number up to 65535, or empty for any free one");
}

Status putPublished(ContainerWish& out, Fields& host) {
  const json* bindings = host.find("PortBindings");
  if (!bindings || !bindings->is_object()) return {};
  for (const auto& [place, list] : bindings->items()) {
    const auto port = parseContainerPort(place);
    if (!port) return port.error();
    // Nothing is published where the list is empty.
    for (const json& each : list) {
      Fields one(each, host.pathOf("PortBindings"));
      PortMapping mapping = *port;
      mapping.bindIp = one.str("HostIp");
      const auto number = parseHostPort(one.str("HostPort"));
      if (!number) return number.error();
      mapping.hostPort = *number;
      out.ports.push_back(std::move(mapping));
      host.absorb(one);
    }
  }
  return {};
}

Status putNetwork(ContainerWish& out, Fields& host) {
  out.networkMode = host.str("NetworkMode", "bridge");
  if (out.networkMode == "default") out.networkMode = "bridge";
  if (const std::string own = networkModeOf("");
      out.networkMode.size() > own.size() && out.networkMode.starts_with(own)) {
    out.taskNetwork = out.networkMode.substr(own.size());
    out.networkMode = kTaskNetworkMode;
    for (const std::string& link : host.strings("Links"))
      return notYet("link " + link + " on network mode awsvpc",
                    "its containers reach each other at 127.0.0.1");
    return {};
  }
  if (out.networkMode != "bridge" && out.networkMode != "host" && out.networkMode != "none") {
    return notYet("network mode " + out.networkMode, "bridge, host and none are");
  }
  const bool bridge = out.networkMode == "bridge";
  for (const std::string& link : host.strings("Links")) {
    if (!bridge) return notYet("link " + link + " on network mode " + out.networkMode, "bridge has links");
    const size_t colon = link.find(':');
    const std::string name =
        link.substr(link.starts_with('/') ? 1 : 0, colon - (link.starts_with('/') ? 1 : 0));
    // Docker tells an alias below the name of who links: "/NAME/ALIAS".
    const std::string alias = colon == std::string::npos ? name : link.substr(link.find_last_of(":/") + 1);
    out.links.push_back(name + ":" + alias);
  }
  // Ports of a container on the host's network, or on none, are not published, as with Docker.
  return bridge ? putPublished(out, host) : Status();
}

Status putNamespaces(ContainerWish& out, Fields& host) {
  constexpr std::string_view kOther = "container:";
  if (const std::string mode = host.str("PidMode"); mode == "host")
    out.hostPid = true;
  else if (mode.starts_with(kOther))
    out.pidOf = mode.substr(kOther.size());
  else if (!mode.empty())
    return notYet("pidMode " + mode);
  if (const std::string mode = host.str("IpcMode"); mode == "host")
    out.hostIpc = true;
  else if (mode.starts_with(kOther))
    out.ipcOf = mode.substr(kOther.size());
  else if (mode == "shareable" || mode == "none") {
    out.lendsIpc = mode == "shareable";
    out.noSharedMemory = mode == "none";
  } else if (!mode.empty() && mode != "private") {
    return notYet("ipcMode " + mode);
  }
  if (!out.pidOf.empty() && !out.ipcOf.empty() && out.pidOf != out.ipcOf)
    return notYet("pidMode and ipcMode of two containers");
  return {};
}

Status putSharing(ContainerWish& out, Fields& host) {
  if (const std::string mode = host.str("UTSMode"); mode == "host")
    out.hostUts = true;
  else if (!mode.empty())
    return notYet("UTSMode " + mode);
  out.cgroupParent = host.str("CgroupParent");
  if (out.cgroupParent.ends_with(".slice")) return notYet("a control group of systemd");
  out.extraHosts = host.strings("ExtraHosts");
  out.dns = host.strings("Dns");
  out.dnsSearch = host.strings("DnsSearch");
  out.dnsOptions = host.strings("DnsOptions");
  out.runtime = host.str("Runtime");
  if (out.runtime == "nvidia") return notYet("GPUs");
  if (const json* log = host.find("LogConfig")) {
    Fields fields(*log, "logConfiguration");
    LogDriver driver{fields.str("Type", "json-file"), fields.stringMap("Config")};
    // The one part of a tag that is known here.
    if (const auto tag = driver.options.find("tag"); tag != driver.options.end())
      replaceAll(tag->second, "{{.ImageName}}", out.image);
    if (Status put = putLogDriver(out, driver); !put) return put;
  }
  if (const json* policy = host.find("RestartPolicy")) {
    Fields fields(*policy, "RestartPolicy");
    const std::string name = fields.str("Name");
    if (!name.empty() && name != "no") return notYet("RestartPolicy " + name);
  }
  return {};
}

}  // namespace

Result<ContainerWish> decodeWish(std::string_view createBody) {
  const Result<json> body = berth::json::parseObject(createBody, "the container");
  if (!body) return body.error();
  static const json kNothing = json::object();
  Fields config(*body, "dockerConfig.config");
  const json* hostObject = config.find("HostConfig");
  const json& hostJson = hostObject ? *hostObject : kNothing;
  Fields host(hostJson, "dockerConfig.hostConfig");
  ContainerWish out;
  if (Status put = putConfig(out, config, *body); !put) return put.error();
  for (auto part : {putMounts, putResources, putSecurity, putNetwork, putNamespaces, putSharing}) {
    if (Status put = part(out, host); !put) return put.error();
  }
  if (Status known = onlyKnown(hostJson, kKnownHost, "dockerConfig.hostConfig."); !known)
    return known.error();
  // An empty list would ask for something: that nothing is hidden.
  for (const char* member : {"MaskedPaths", "ReadonlyPaths"}) {
    if (host.has(member)) return notYet(std::string("dockerConfig.hostConfig.") + member);
  }
  if (config.boolean("NetworkDisabled")) {
    out.networkMode = "none";
    out.taskNetwork.clear();
    out.ports.clear();
    out.links.clear();
  }
  if (Status status = config.status(); !status) return status.error();
  if (Status status = host.status(); !status) return status.error();
  return out;
}

}  // namespace berth::agent::containerd
