#include "agent/runtimes/containerd/oci_spec.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "agent/runtimes/containerd/seccomp_profile.hpp"
#include "common/text/number.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::containerd {
namespace {

using nlohmann::json;

// Docker's default.
const std::set<std::string> kUsualCapabilities = {
    "CAP_AUDIT_WRITE", "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",    "CAP_FSETID",
    "CAP_KILL",        "CAP_MKNOD",   "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",   "CAP_SETFCAP",
    "CAP_SETGID",      "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT"};

// capabilities(7), up to Linux 5.9; the runtime leaves out what its kernel does not know.
const std::set<std::string> kAllCapabilities = {
    "CAP_AUDIT_CONTROL",   "CAP_AUDIT_READ",   "CAP_AUDIT_WRITE",
    "CAP_BLOCK_SUSPEND",   "CAP_BPF",          "CAP_CHECKPOINT_RESTORE",
    "CAP_CHOWN",           "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",          "CAP_FSETID",       "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",       "CAP_KILL",         "CAP_LEASE",
    "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",    "CAP_MAC_OVERRIDE",
    "CAP_MKNOD",           "CAP_NET_ADMIN",    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",   "CAP_NET_RAW",      "CAP_PERFMON",
    "CAP_SETFCAP",         "CAP_SETGID",       "CAP_SETPCAP",
    "CAP_SETUID",          "CAP_SYSLOG",       "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",        "CAP_SYS_CHROOT",   "CAP_SYS_MODULE",
    "CAP_SYS_NICE",        "CAP_SYS_PACCT",    "CAP_SYS_PTRACE",
    "CAP_SYS_RAWIO",       "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",  "CAP_WAKE_ALARM"};

/// Read by crun in place of linux.seccomp (crun(1)), in base64.
constexpr const char* kFilter = "run.oci.seccomp_bpf_data";
/// Read by containerd-shim-runc-v2 (containerd, runtime/v2/runc/manager).
constexpr const char* kShimGroup = "io.containerd.runc.v2.group";

/// Where the init is in a container, as Docker has it.
constexpr const char* kInitPlace = "/sbin/docker-init";
constexpr const char* kUsualPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// signal(7), on x86 and ARM.
constexpr std::array<std::pair<std::string_view, uint32_t>, 31> kSignals = {{
    {"HUP", 1},   {"INT", 2},     {"QUIT", 3},  {"ILL", 4},   {"TRAP", 5},    {"ABRT", 6},  {"BUS", 7},
    {"FPE", 8},   {"KILL", 9},    {"USR1", 10}, {"SEGV", 11}, {"USR2", 12},   {"PIPE", 13}, {"ALRM", 14},
    {"TERM", 15}, {"STKFLT", 16}, {"CHLD", 17}, {"CONT", 18}, {"STOP", 19},   {"TSTP", 20}, {"TTIN", 21},
    {"TTOU", 22}, {"URG", 23},    {"XCPU", 24}, {"XFSZ", 25}, {"VTALRM", 26}, {"PROF", 27}, {"WINCH", 28},
    {"IO", 29},   {"PWR", 30},    {"SYS", 31},
}};
constexpr uint32_t kTerm = 15;
constexpr uint32_t kFirstRealTime = 34;
constexpr uint32_t kLastSignal = 64;

constexpr std::array kLimits = {"core",     "cpu",        "data",   "fsize", "locks", "memlock",
                                "msgqueue", "nice",       "nofile", "nproc", "rss",   "rtprio",
                                "rttime",   "sigpending", "stack",  "as"};

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

Error wrong(std::string message) { return makeError(Code::InvalidArgument, std::move(message)); }

Result<std::string> capabilityName(const std::string& given) {
  std::string name = upper(given);
  if (!name.starts_with("CAP_")) name = "CAP_" + name;
  if (!kAllCapabilities.contains(name)) return wrong("\"" + given + "\" is not a Linux capability");
  return name;
}

Result<std::set<std::string>> capabilitiesOf(const ContainerWish& wish) {
  if (wish.privileged) return kAllCapabilities;
  const auto isAll = [](const std::string& name) { return upper(name) == "ALL"; };
  std::set<std::string> out = kUsualCapabilities;
  if (std::ranges::any_of(wish.capDrop, isAll)) out.clear();
  if (std::ranges::any_of(wish.capAdd, isAll)) out = kAllCapabilities;
  for (const std::string& given : wish.capDrop) {
    if (isAll(given)) continue;
    const auto name = capabilityName(given);
    if (!name) return name.error();
    out.erase(*name);
  }
  for (const std::string& given : wish.capAdd) {
    if (isAll(given)) continue;
    const auto name = capabilityName(given);
    if (!name) return name.error();
    out.insert(*name);
  }
  return out;
}

bool names(const std::string& variable, const std::string& name) { return variable.starts_with(name + "="); }

json environmentOf(const ContainerWish& wish, const ImageDefaults& image, const SpecSite& site) {
  std::vector<std::string> out = image.environment;
  for (const std::string& variable : wish.environment) {
    const std::string name = variable.substr(0, variable.find('='));
    const auto same = std::ranges::find_if(out, [&](const std::string& other) { return names(other, name); });
    if (same == out.end())
      out.push_back(variable);
    else
      *same = variable;
  }
  const auto has = [&](const std::string& name) {
    return std::ranges::any_of(out, [&](const std::string& variable) { return names(variable, name); });
  };
  if (!has("PATH")) out.insert(out.begin(), kUsualPath);
  if (!has("HOSTNAME")) out.push_back("HOSTNAME=" + site.hostname);
  if (wish.terminal && !has("TERM")) out.push_back("TERM=xterm");
  return out;
}

Result<json> limitsOf(const ContainerWish& wish) {
  json out = json::array();
  for (const Ulimit& limit : wish.ulimits) {
    if (std::ranges::find(kLimits, limit.name) == kLimits.end())
      return wrong("\"" + limit.name + "\" is not a ulimit");
    // -1 is "unlimited", which is the highest number.
    out.push_back({{"type", "RLIMIT_" + upper(limit.name)},
                   {"soft", static_cast<uint64_t>(limit.soft)},
                   {"hard", static_cast<uint64_t>(limit.hard)}});
  }
  return out;
}

Result<json> processOf(const ContainerWish& wish, const ImageDefaults& image, const SpecSite& site,
                       const std::set<std::string>& capabilities) {
  auto arguments = argumentsOf(wish, image);
  if (!arguments) return arguments.error();
  if (wish.init) arguments->insert(arguments->begin(), {kInitPlace, "--"});
  auto limits = limitsOf(wish);
  if (!limits) return limits.error();
  json user = {{"uid", site.user.uid}, {"gid", site.user.gid}};
  if (!site.user.groups.empty()) user["additionalGids"] = site.user.groups;
  // As the kernel does it when another user than root executes a program.
  const json usable = site.user.uid == 0 ? json(capabilities) : json::array();
  json out = {{"terminal", wish.terminal}, {"user", std::move(user)}, {"args", *arguments}};
  out["env"] = environmentOf(wish, image, site);
  const std::string& folder = wish.workingDir.empty() ? image.workingDir : wish.workingDir;
  out["cwd"] = folder.empty() ? "/" : folder;
  out["capabilities"] = {{"bounding", capabilities}, {"effective", usable}, {"permitted", usable}};
  out["noNewPrivileges"] = wish.noNewPrivileges;
  if (!wish.appArmor.empty()) out["apparmorProfile"] = wish.appArmor;
  if (!limits->empty()) out["rlimits"] = std::move(*limits);
  if (wish.oomScoreAdj) out["oomScoreAdj"] = *wish.oomScoreAdj;
  return out;
}

json mount(const std::string& place, const std::string& type, const std::string& source,
           std::vector<std::string> options) {
  return {{"destination", place}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

Result<std::vector<std::string>> tmpfsOptions(const std::string& text) {
  std::vector<std::string> out = {"noexec", "nosuid", "nodev"};
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string one = text.substr(at, end - at);
    at = end + 1;
    if (one.empty()) continue;
    if (one == "exec" || one == "suid" || one == "dev") std::erase(out, "no" + one);
    if (one == "bind" || one == "rbind") return wrong("option " + one + " is not one of a tmpfs");
    out.push_back(one);
  }
  return out;
}

Result<json> mountsOf(const ContainerWish& wish, const SpecSite& site) {
  const std::string access = wish.privileged ? "rw" : "ro";
  std::map<std::string, json> out;
  const auto put = [&out](json one) {
    const std::string place = one["destination"];
    out[place] = std::move(one);
  };
  put(mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}));
  put(mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
  put(mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}));
  put(mount("/dev/shm", "tmpfs", "shm",
            {"nosuid", "noexec", "nodev", "mode=1777", "size=" + std::to_string(wish.shmBytes)}));
  put(mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
  put(mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", access}));
  put(mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", access}));
  // The host may have no /dev/mqueue; whoever mounts it sees the queues of its own namespace anyway.
  if (wish.hostIpc) put(mount("/dev/shm", "bind", "/dev/shm", {"rbind", "rprivate"}));
  if (!site.sharedMemory.empty()) put(mount("/dev/shm", "bind", site.sharedMemory, {"rbind", "rprivate"}));
  if (wish.noSharedMemory) out.erase("/dev/shm");
  for (const auto& [place, text] : wish.tmpfs) {
    auto options = tmpfsOptions(text);
    if (!options) return options.error().in("tmpfs " + place);
    put(mount(place, "tmpfs", "tmpfs", std::move(*options)));
  }
  for (const Bind& bind : site.mounts) {
    put(mount(bind.destination, "bind", bind.source, {"rbind", "rprivate", bind.readOnly ? "ro" : "rw"}));
  }
  if (wish.init) put(mount(kInitPlace, "bind", site.init, {"rbind", "rprivate", "ro"}));
  // In the order of their places, and so what holds another one comes before it.
  json list = json::array();
  for (auto& [place, one] : out) list.push_back(std::move(one));
  return list;
}

json memoryOf(const ContainerWish& wish, const SpecSite& site) {
  json out = json::object();
  if (wish.memory > 0) out["limit"] = wish.memory;
  if (wish.memoryReservation > 0) out["reservation"] = wish.memoryReservation;
  if (site.limitsSwap && wish.memorySwap != 0) out["swap"] = wish.memorySwap;
  if (site.limitsSwap && wish.memorySwap == 0 && wish.memory > 0) out["swap"] = 2 * wish.memory;
  // There is neither in version 2.
  if (wish.swappiness && !site.unified) out["swappiness"] = *wish.swappiness;
  if (wish.oomKillDisable && !site.unified) out["disableOOMKiller"] = true;
  return out;
}

json cpuOf(const ContainerWish& wish) {
  json out = json::object();
  if (wish.cpuShares > 0) out["shares"] = wish.cpuShares;
  if (wish.cpuPeriod > 0) out["period"] = wish.cpuPeriod;
  if (wish.cpuQuota != 0) out["quota"] = wish.cpuQuota;
  if (!wish.cpus.empty()) out["cpus"] = wish.cpus;
  if (!wish.memoryNodes.empty()) out["mems"] = wish.memoryNodes;
  return out;
}

json resourcesOf(const ContainerWish& wish, const SpecSite& site) {
  json allowed = json::array();
  allowed.push_back({{"allow", wish.privileged}, {"access", "rwm"}});
  for (const HostDevice& device : site.devices) {
    if (wish.privileged) break;
    allowed.push_back({{"allow", true},
                       {"type", std::string(1, device.type)},
                       {"major", device.major},
                       {"minor", device.minor},
                       {"access", device.access}});
  }
  json out = {{"devices", std::move(allowed)}};
  if (json memory = memoryOf(wish, site); !memory.empty()) out["memory"] = std::move(memory);
  if (json cpu = cpuOf(wish); !cpu.empty()) out["cpu"] = std::move(cpu);
  if (wish.pids > 0) out["pids"] = {{"limit", wish.pids}};
  if (wish.blkioWeight > 0) out["blockIO"] = {{"weight", wish.blkioWeight}};
  return out;
}

json namespacesOf(const ContainerWish& wish, const SpecSite& site) {
  json out = json::array({{{"type", "mount"}}});
  if (!wish.hostUts) out.push_back({{"type", "uts"}});
  const auto add = [&out](const char* type, const std::string& path) {
    json one = {{"type", type}};
    if (!path.empty()) one["path"] = path;
    out.push_back(std::move(one));
  };
  if (!wish.hostIpc) add("ipc", site.ipcNamespace);
  if (!wish.hostPid) add("pid", site.pidNamespace);
  if (wish.networkMode != "host") add("network", site.networkNamespace);
  if (site.unified && !wish.privileged) out.push_back({{"type", "cgroup"}});
  return out;
}

json linuxOf(const ContainerWish& wish, const SpecSite& site, const std::set<std::string>& capabilities) {
  json out = {{"cgroupsPath", groupPathOf(wish, site.id)},
              {"namespaces", namespacesOf(wish, site)},
              {"resources", resourcesOf(wish, site)}};
  if (!wish.sysctls.empty()) out["sysctl"] = wish.sysctls;
  json devices = json::array();
  for (const HostDevice& device : site.devices) {
    devices.push_back({{"path", device.path},
                       {"type", std::string(1, device.type)},
                       {"major", device.major},
                       {"minor", device.minor},
                       {"fileMode", device.mode},
                       {"uid", device.uid},
                       {"gid", device.gid}});
  }
  if (!devices.empty()) out["devices"] = std::move(devices);
  if (wish.privileged) return out;
  out["maskedPaths"] = {"/proc/acpi",          "/proc/asound",
                        "/proc/kcore",         "/proc/keys",
                        "/proc/latency_stats", "/proc/sched_debug",
                        "/proc/scsi",          "/proc/timer_list",
                        "/proc/timer_stats",   "/sys/devices/virtual/powercap",
                        "/sys/firmware"};
  out["readonlyPaths"] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  if (wish.seccomp && site.withSeccomp) out["seccomp"] = seccompProfile(capabilities, site.machine);
  return out;
}

}  // namespace

std::optional<uint32_t> signalNumber(std::string_view name) {
  if (name.empty()) return kTerm;
  if (const auto number = parseNumber<uint32_t>(name)) {
    return *number >= 1 && *number <= kLastSignal ? number : std::nullopt;
  }
  std::string text = upper(std::string(name));
  if (text.starts_with("SIG")) text.erase(0, 3);
  for (const auto& [known, number] : kSignals) {
    if (known == text) return number;
  }
  if (text == "RTMIN") return kFirstRealTime;
  if (text == "RTMAX") return kLastSignal;
  if (!text.starts_with("RTMIN+")) return std::nullopt;
  const auto offset = parseNumber<uint32_t>(std::string_view(text).substr(6));
  return offset && *offset <= kLastSignal - kFirstRealTime ? std::optional(kFirstRealTime + *offset)
                                                           : std::nullopt;
}

Result<std::vector<std::string>> argumentsOf(const ContainerWish& wish, const ImageDefaults& image) {
  std::vector<std::string> out = wish.entryPoint ? *wish.entryPoint : image.entryPoint;
  const bool imagesCommand = !wish.command && !wish.entryPoint;
  const std::vector<std::string> command =
      imagesCommand ? image.command : wish.command.value_or(std::vector<std::string>());
  out.insert(out.end(), command.begin(), command.end());
  if (out.empty()) return wrong("neither the container nor its image says what to run");
  return out;
}

std::string groupPathOf(const ContainerWish& wish, const std::string& id) {
  std::string parent = wish.cgroupParent.empty() ? "/berth" : wish.cgroupParent;
  if (!parent.starts_with('/')) parent.insert(0, "/");
  return parent + "/" + id;
}

Result<std::string> ociSpec(const ContainerWish& wish, const ImageDefaults& image, const SpecSite& site) {
  const auto capabilities = capabilitiesOf(wish);
  if (!capabilities) return capabilities.error();
  auto process = processOf(wish, image, site, *capabilities);
  if (!process) return process.error();
  auto mounts = mountsOf(wish, site);
  if (!mounts) return mounts.error();
  json out = {{"ociVersion", "1.0.2"}, {"process", std::move(*process)}, {"mounts", std::move(*mounts)}};
  out["root"] = {{"path", "rootfs"}, {"readonly", wish.readOnlyRoot}};
  if (!wish.hostUts) out["hostname"] = site.hostname;
  out["linux"] = linuxOf(wish, site, *capabilities);
  if (site.filters && out["linux"].contains("seccomp")) {
    if (auto filter = site.filters->of(*capabilities, site.machine))
      out["annotations"][kFilter] = std::move(*filter);
  }
  if (!site.shimGroup.empty()) out["annotations"][kShimGroup] = site.shimGroup;
  if (!wish.domainname.empty()) out["linux"]["sysctl"]["kernel.domainname"] = wish.domainname;
  return berth::json::dump(out);
}

Result<std::string> commandSpec(const std::string& containerSpec, const CommandWish& wish) {
  const json spec = json::parse(containerSpec, nullptr, false);
  if (!spec.is_object() || !spec.contains("process") || !spec["process"].is_object())
    return makeError(Code::DataLoss, "the container's specification can't be read");
  json out = spec["process"];
  out["args"] = wish.command;
  out["terminal"] = wish.terminal;
  if (wish.terminal) out["env"].push_back("TERM=xterm");
  if (wish.user) {
    out["user"] = {{"uid", wish.user->uid}, {"gid", wish.user->gid}};
    if (!wish.user->groups.empty()) out["user"]["additionalGids"] = wish.user->groups;
    json& capabilities = out["capabilities"];
    const json usable = wish.user->uid == 0 ? capabilities["bounding"] : json::array();
    capabilities["effective"] = usable;
    capabilities["permitted"] = usable;
  }
  return berth::json::dump(out);
}

}  // namespace berth::agent::containerd
