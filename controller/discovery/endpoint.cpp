#include "controller/discovery/endpoint.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "proto/ecs/task_address.hpp"

namespace berth::controller {
namespace {

using Json = nlohmann::json;

constexpr size_t kLongestLabel = 63;

bool isLabelCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// The value of the tag that names; nullopt without one that can be a name.
std::optional<std::string> taggedName(const std::string& tags) {
  // Most tasks have no such tag: seen without a parser.
  if (tags.find(kNameTag) == std::string::npos) return std::nullopt;
  for (const Json& tag : Json::parse(tags, nullptr, /*allow_exceptions=*/false)) {
    if (!tag.is_object() || tag.value("key", "") != kNameTag) continue;
    std::string name = tag.value("value", "");
    return isLabel(name) ? std::optional(std::move(name)) : std::nullopt;
  }
  return std::nullopt;
}

Json documentOf(const std::string& text) {
  Json out = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return out.is_object() ? out : Json::object();
}

/// By a registry in `document`: `name` and the port that it offers. A tag's name goes before it.
std::optional<Naming> registeredOrTagged(const std::string& name, const std::string& document,
                                         const std::string& tags) {
  Naming out;
  bool found = false;
  if (document.find("serviceRegistries") != std::string::npos) {
    const Json members = documentOf(document);
    for (const Json& registry : members.value("serviceRegistries", Json::array())) {
      out = {name, registry.value("containerName", ""), registry.value("containerPort", int64_t{0})};
      found = true;
    }
  }
  if (auto tagged = taggedName(tags)) {
    out.name = std::move(*tagged);
    found = true;
  }
  return found && isLabel(out.name) ? std::optional(std::move(out)) : std::nullopt;
}

bool offers(const Naming& naming, const ServedPort& port) {
  if (naming.port == 0) return true;
  return port.container == naming.container && naming.port >= port.containerPort &&
         naming.port <= port.containerPort + port.more;
}

/// The one port of a range that a registry offers.
ServedPort narrowed(ServedPort port, const Naming& naming) {
  if (naming.port == 0 || port.more == 0) return port;
  const auto skipped = static_cast<uint16_t>(naming.port - port.containerPort);
  port.containerPort = static_cast<uint16_t>(port.containerPort + skipped);
  port.hostPort = static_cast<uint16_t>(port.hostPort + skipped);
  port.more = 0;
  return port;
}

void addPort(std::vector<ServedPort>& ports, ServedPort port, const Naming& naming) {
  if (port.hostPort == 0 || !offers(naming, port)) return;
  port = narrowed(std::move(port), naming);
  // IPv4 and IPv6 have a binding each.
  if (std::ranges::find(ports, port) == ports.end()) ports.push_back(std::move(port));
}

/// Ports of a definition whose containers use the host's own network, or an address of their own.
std::vector<ServedPort> hostPorts(const TaskDefinition& definition, const Naming& naming) {
  std::vector<ServedPort> out;
  const Json document = documentOf(definition.document);
  const std::string mode = document.value("networkMode", "");
  if (mode != "host" && mode != "awsvpc") return out;
  for (const Json& container : document.value("containerDefinitions", Json::array())) {
    for (const Json& mapping : container.value("portMappings", Json::array())) {
      const auto port = mapping.value("containerPort", uint16_t{0});
      addPort(out, {container.value("name", ""), port, port, 0, mapping.value("protocol", "tcp") == "udp"},
              naming);
    }
  }
  return out;
}

}  // namespace

bool isLabel(std::string_view text) {
  return !text.empty() && text.size() <= kLongestLabel && std::ranges::all_of(text, isLabelCharacter);
}

std::optional<Naming> namingOf(const Service& service) {
  if (service.status == ServiceStatus::Inactive) return std::nullopt;
  // The registry of a service of task sets is that of its PRIMARY one, for whose tasks it counts there.
  const bool external = service.controller == DeploymentController::External;
  return registeredOrTagged(service.name, external ? std::string() : service.document, service.tags);
}

std::optional<Naming> namingOf(const TaskSet& set) {
  return registeredOrTagged(set.service, set.document, set.tags);
}

std::optional<Naming> namingOf(const Task& task) {
  auto name = taggedName(task.tags);
  return name ? std::optional(Naming{std::move(*name)}) : std::nullopt;
}

std::optional<Naming> namingIn(const State& state, const Task& task) {
  if (const auto name = serviceOfGroup(task.spec->group)) {
    const std::string key = Service::keyOf(task.spec->cluster, *name);
    const TaskSet* set = state.taskSet(key + "/" + task.startedBy);
    if (auto naming = set ? namingOf(*set) : std::nullopt) return naming;
    const Service* service = state.service(key);
    if (auto naming = service ? namingOf(*service) : std::nullopt) return naming;
  }
  return namingOf(task);
}

std::optional<WallTime> drainsUntil(const State& state, const Task& task, Duration drain) {
  const bool by_service = task.stopWanted && task.stopCode == "ServiceSchedulerInitiated";
  if (drain <= Duration::zero() || !by_service || task.lastStatus != TaskStatus::Stopping || !task.stoppingAt)
    return std::nullopt;
  if (checksHealth(*task.spec) && healthOf(task) != Health::Healthy) return std::nullopt;
  if (!namingIn(state, task)) return std::nullopt;
  return *task.stoppingAt + std::chrono::ceil<WallTime::duration>(drain);
}

bool answers(const Task& task) {
  if (task.lastStatus != TaskStatus::Running || task.stopWanted) return false;
  return !checksHealth(*task.spec) || healthOf(task) == Health::Healthy;
}

std::optional<IpAddress> addressOf(const Instance& instance) {
  const Attribute* named = instance.attribute(std::string(kAddressAttribute));
  return parseIpAddress(named && named->value ? *named->value : instance.address);
}

std::optional<IpAddress> addressOf(const Task& task) {
  if (task.address.empty()) return std::nullopt;
  const Json address = documentOf(task.address);
  for (const char* member : {ecs::kPrivateIpv4Address, ecs::kIpv6Address}) {
    if (const auto found = parseIpAddress(address.value(member, ""))) return found;
  }
  return std::nullopt;
}

std::vector<ServedPort> portsOf(const State& state, const Task& task, const Naming& naming) {
  std::vector<ServedPort> out;
  for (size_t place = 0; place < task.containers.size(); ++place) {
    for (const NetworkBinding& binding : task.containers[place].bindings) {
      const int more = binding.lastHostPort > binding.hostPort ? binding.lastHostPort - binding.hostPort : 0;
      addPort(out,
              {task.spec->containers[place].name, binding.containerPort, binding.hostPort,
               static_cast<uint16_t>(more), binding.udp},
              naming);
    }
  }
  if (out.empty()) {
    const TaskDefinition* definition = state.definition(task.spec->definition);
    if (definition) out = hostPorts(*definition, naming);
  }
  const auto main = std::ranges::find(out, false, &ServedPort::udp);
  if (main != out.end()) std::rotate(out.begin(), main, main + 1);
  return out;
}

}  // namespace berth::controller
