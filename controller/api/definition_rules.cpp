#include "controller/api/definition_rules.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "controller/api/gpus.hpp"
#include "controller/api/placement.hpp"
#include "controller/api/task_shape.hpp"

namespace berth::controller {
namespace {

using Broken = std::optional<std::string>;

constexpr int64_t kLeastMemory = 6;  // MiB
constexpr int64_t kMostPortsOfRange = 100;
constexpr int64_t kMostRestartPeriod = 1800;  // seconds

Broken checkCpu(const Json& container, const std::string& name) {
  if (container.value("cpu", int64_t{0}) >= 0) return std::nullopt;
  return "Invalid setting for container '" + name + "'. The 'cpu' must not be negative.";
}

Broken checkMemory(const Json& container, const std::string& name, bool taskHasMemory) {
  bool hard = container.contains("memory");
  bool soft = container.contains("memoryReservation");
  if (!hard && !soft && !taskHasMemory) {
    return "Invalid setting for container '" + name +
           "'. At least one of 'memory' or 'memoryReservation' must be specified.";
  }
  int64_t limit = container.value("memory", int64_t{0});
  if (hard && limit < kLeastMemory) {
    return "Invalid setting for container '" + name + "'. The 'memory' must be at least 6 MiB.";
  }
  if (soft && container["memoryReservation"].get<int64_t>() < kLeastMemory) {
    return "Invalid setting for container '" + name + "'. The 'memoryReservation' must be at least 6 MiB.";
  }
  if (hard && soft && limit < container["memoryReservation"].get<int64_t>()) {
    return "Invalid setting for container '" + name +
           "'. 'memory' must not be less than 'memoryReservation'.";
  }
  return std::nullopt;
}

Broken checkPorts(const Json& container, const std::string& name, const std::string& mode,
                  std::set<std::string>& hostPorts) {
  for (const Json& port : container.value("portMappings", Json::array())) {
    if (mode == "none")
      return "Port mappings are not allowed with network mode 'none' (container '" + name + "').";
    int64_t inside = port.value("containerPort", int64_t{0});
    int64_t host = port.value("hostPort", int64_t{0});
    if (!port.contains("containerPort") && !port.contains("containerPortRange")) {
      return "Invalid port mapping of container '" + name +
             "': containerPort or containerPortRange must be given.";
    }
    if (std::string range = text(port, "containerPortRange"); !range.empty()) {
      auto ports = portRange(range);
      if (!ports || ports->second - ports->first >= kMostPortsOfRange || port.contains("containerPort") ||
          host != 0) {
        return "Invalid port mapping of container '" + name +
               "': containerPortRange is like 8000-8010, of up to 100 ports, without containerPort and "
               "hostPort.";
      }
      continue;
    }
    if (inside < 0 || inside > 65535 || host < 0 || host > 65535) {
      return "Invalid port mapping of container '" + name + "': ports are between 0 and 65535.";
    }
    bool own = mode == "host" || mode == "awsvpc";
    if (own && host != 0 && host != inside) {
      return "When networkMode=" + mode + ", the host ports and container ports in port mappings must match.";
    }
    std::string key = std::to_string(host) + "/" + port.value("protocol", "tcp");
    if (mode == "bridge" && host != 0 && !hostPorts.insert(key).second) {
      return "The host port " + key + " is used by more than one port mapping.";
    }
  }
  return std::nullopt;
}

Broken checkHealth(const Json& container, const std::string& name) {
  auto check = container.find("healthCheck");
  if (check == container.end()) return std::nullopt;
  auto command = check->value("command", std::vector<std::string>{});
  if (command.empty() || (command[0] != "CMD" && command[0] != "CMD-SHELL")) {
    return "Invalid health check of container '" + name + "': the command must start with CMD or CMD-SHELL.";
  }
  struct Range {
    const char* member;
    int64_t least, most;
  };
  for (const Range& range : {Range{"interval", 5, 300}, Range{"timeout", 2, 60}, Range{"retries", 1, 10},
                             Range{"startPeriod", 0, 300}}) {
    if (!check->contains(range.member)) continue;
    int64_t value = (*check)[range.member].get<int64_t>();
    if (value < range.least || value > range.most) {
      return "Invalid health check of container '" + name + "': " + range.member + " must be between " +
             std::to_string(range.least) + " and " + std::to_string(range.most) + ".";
    }
  }
  return std::nullopt;
}

/// The service wants a period of at least 60 s; here a shorter one is welcome, as nobody else pays for it.
Broken checkRestart(const Json& container, const std::string& name) {
  auto policy = container.find("restartPolicy");
  if (policy == container.end()) return std::nullopt;
  int64_t period = policy->value("restartAttemptPeriod", int64_t{300});
  if (period >= 0 && period <= kMostRestartPeriod) return std::nullopt;
  return "Invalid restart policy of container '" + name +
         "': restartAttemptPeriod must be between 0 and 1800.";
}

/// Timeouts of any length are kept, but none ends before it begins.
Broken checkTimeouts(const Json& container, const std::string& name) {
  for (const char* member : {"startTimeout", "stopTimeout"}) {
    if (container.value(member, int64_t{0}) < 0) {
      return "Invalid setting for container '" + name + "'. The '" + member + "' must not be negative.";
    }
  }
  return std::nullopt;
}

Broken checkMounts(const Json& container, const std::string& name, const std::set<std::string>& volumes) {
  for (const Json& mount : container.value("mountPoints", Json::array())) {
    std::string volume = text(mount, "sourceVolume");
    if (!volumes.contains(volume)) {
      return "Unknown volume '" + volume + "' in a mount point of container '" + name + "'.";
    }
    if (text(mount, "containerPath").empty()) {
      return "The mount point of volume '" + volume + "' in container '" + name + "' needs a containerPath.";
    }
  }
  return std::nullopt;
}

Broken checkSize(const Json& input) {
  if (input.contains("cpu") && !parseCpu(text(input, "cpu"))) return "Invalid 'cpu' setting for task.";
  if (input.contains("memory") && !parseMemory(text(input, "memory")))
    return "Invalid 'memory' setting for task.";
  auto memory = parseMemory(input.value("memory", ""));
  auto cpu = parseCpu(input.value("cpu", ""));
  int64_t memory_sum = 0;
  int64_t cpu_sum = 0;
  for (const Json& container : input["containerDefinitions"]) {
    memory_sum += container.value("memoryReservation", container.value("memory", int64_t{0}));
    cpu_sum += container.value("cpu", int64_t{0});
  }
  if (memory && memory_sum > *memory)
    return "Total memory of the containers exceeds the 'memory' of the task.";
  if (cpu && cpu_sum > *cpu) return "Total cpu of the containers exceeds the 'cpu' of the task.";
  return std::nullopt;
}

/// The containers that `container` needs before itself, whatever says so.
std::set<std::string> neededBy(const Json& container) {
  std::set<std::string> out;
  for (const Json& dependency : container.value("dependsOn", Json::array())) {
    out.insert(text(dependency, "containerName"));
  }
  for (const std::string& link : container.value("links", std::vector<std::string>())) {
    out.insert(link.substr(0, link.find(':')));
  }
  for (const Json& from : container.value("volumesFrom", Json::array())) {
    out.insert(text(from, "sourceContainer"));
  }
  return out;
}

/// Takes away, round by round, the containers that wait for none of the rest: what stays waits for itself.
Broken checkCircle(const Json& input) {
  std::map<std::string, std::set<std::string>> waits;
  for (const Json& container : input["containerDefinitions"]) {
    waits[text(container, "name")] = neededBy(container);
  }
  auto is_free = [&](const auto& entry) {
    return std::ranges::none_of(entry.second, [&](const std::string& on) { return waits.contains(on); });
  };
  for (auto it = std::ranges::find_if(waits, is_free); it != waits.end();
       it = std::ranges::find_if(waits, is_free)) {
    waits.erase(it);
  }
  if (waits.empty()) return std::nullopt;
  return "Containers must not depend on each other in a circle: '" + waits.begin()->first +
         "' waits for itself.";
}

/// Who waits for another to be healthy waits for ever when that one has no check, and the end of an essential
/// container is the end of all that wait for it.
Broken checkConditions(const Json& input, const Json& container) {
  for (const Json& dependency : container.value("dependsOn", Json::array())) {
    const std::string condition = text(dependency, "condition");
    for (const Json& other : input["containerDefinitions"]) {
      if (text(other, "name") != text(dependency, "containerName")) continue;
      const std::string needs = "Container '" + text(container, "name") + "' depends on '" +
                                text(other, "name") + "' to be " + condition + ", which ";
      if (condition == "HEALTHY" && !other.contains("healthCheck")) return needs + "has no healthCheck.";
      const bool ends = condition == "COMPLETE" || condition == "SUCCESS";
      if (ends && other.value("essential", true)) return needs + "is essential: its end would stop the task.";
    }
  }
  return std::nullopt;
}

/// A dependency must name another container of the task.
Broken checkDependencies(const Json& input, const std::set<std::string>& names) {
  for (const Json& container : input["containerDefinitions"]) {
    for (const std::string& on : neededBy(container)) {
      if (!names.contains(on) || on == text(container, "name")) {
        return "Container '" + text(container, "name") + "' depends on '" + on +
               "', which is no other container of the task definition.";
      }
    }
    if (auto broken = checkConditions(input, container)) return broken;
  }
  return checkCircle(input);
}

Broken checkContainers(const Json& input) {
  std::string mode = text(input, "networkMode", "bridge");
  bool task_memory = input.contains("memory");
  std::set<std::string> volumes;
  for (const Json& volume : input.value("volumes", Json::array())) volumes.insert(text(volume, "name"));
  if (volumes.contains("")) return "Volume.name should not be null or empty.";
  std::set<std::string> names;
  std::set<std::string> host_ports;
  bool essential = false;
  for (const Json& container : input["containerDefinitions"]) {
    std::string name = text(container, "name");
    if (name.empty()) return "Container.name should not be null or empty.";
    if (!ecs::isName(name)) {
      return "Invalid container name '" + name + "': use up to 255 letters, digits, '_' and '-'.";
    }
    if (text(container, "image").empty()) return "Container.image should not be null or empty.";
    if (!names.insert(name).second) return "Container names must be unique: '" + name + "' stands twice.";
    essential |= container.value("essential", true);
    if (auto broken = checkCpu(container, name)) return broken;
    if (auto broken = checkMemory(container, name, task_memory)) return broken;
    if (auto broken = brokenGpus(container, name)) return broken;
    if (auto broken = checkPorts(container, name, mode, host_ports)) return broken;
    if (mode != "bridge" && !container.value("links", Json::array()).empty()) {
      return "Links are not supported when networkMode=" + mode + " (container '" + name + "').";
    }
    if (auto broken = checkHealth(container, name)) return broken;
    if (auto broken = checkMounts(container, name, volumes)) return broken;
    if (auto broken = checkRestart(container, name)) return broken;
    if (auto broken = checkTimeouts(container, name)) return broken;
  }
  if (!essential) return "A task definition must have at least one essential container.";
  return checkDependencies(input, names);
}

}  // namespace

std::optional<std::string> brokenRule(const Json& input) {
  auto containers = input.find("containerDefinitions");
  if (containers == input.end() || containers->empty()) return "Container list cannot be empty.";
  if (containers->size() > 10) return "A task definition has at most 10 containers.";
  if (auto broken = checkContainers(input)) return broken;
  if (auto broken = brokenConstraints(input.value("placementConstraints", Json::array()))) return broken;
  return checkSize(input);
}

std::optional<std::string> brokenSize(const Json& document) {
  for (const Json& container : document["containerDefinitions"]) {
    std::string name = text(container, "name");
    if (auto broken = checkCpu(container, name)) return broken;
    if (auto broken = checkMemory(container, name, document.contains("memory"))) return broken;
    if (auto broken = brokenGpus(container, name)) return broken;
  }
  return checkSize(document);
}

Json compatibilitiesOf(const Json& document) {
  Json out = Json::array({"EC2"});
  bool awsvpc = document.value("networkMode", "") == "awsvpc";
  if (!awsvpc) out.push_back("EXTERNAL");
  if (awsvpc && document.contains("cpu") && document.contains("memory")) out.push_back("FARGATE");
  return out;
}

}  // namespace berth::controller
