#include "controller/api/task_shape.hpp"

#include <cmath>

#include "common/text/letter_case.hpp"
#include "common/text/number.hpp"
#include "controller/api/gpus.hpp"

namespace berth::controller {
namespace {

/// The number before `unit` ("1.5 vCPU" -> 1.5); nullopt when the text is something else.
std::optional<double> numberBefore(std::string text, std::string_view unit) {
  if (text.size() <= unit.size()) return std::nullopt;
  if (!equalsIgnoreCase(text.substr(text.size() - unit.size()), unit)) return std::nullopt;
  text.resize(text.size() - unit.size());
  while (!text.empty() && text.back() == ' ') text.pop_back();
  auto value = parseNumber<double>(text);
  return value && *value > 0 ? value : std::nullopt;
}

/// Beyond every host, and far from overflow when many are added.
constexpr int64_t kMostUnits = 1'000'000'000;

std::optional<int64_t> wholeNumber(const std::string& text) {
  auto value = parseNumber<int64_t>(text);
  return value && *value > 0 && *value <= kMostUnits ? value : std::nullopt;
}

std::optional<int64_t> sized(const std::string& text, std::string_view unit) {
  if (auto whole = wholeNumber(text)) return whole;
  auto number = numberBefore(text, unit);
  if (!number || *number * 1024 > static_cast<double>(kMostUnits)) return std::nullopt;
  auto units = static_cast<int64_t>(std::lround(*number * 1024));
  return units > 0 ? std::optional<int64_t>(units) : std::nullopt;
}

void replaceMembers(Json& target, const Json& source, std::initializer_list<const char*> members) {
  for (const char* member : members) {
    if (auto it = source.find(member); it != source.end()) target[member] = *it;
  }
}

/// Later entries of the same name win, as the service has it for environment overrides.
void mergeEnvironment(Json& container, const Json& additions) {
  Json& environment = container["environment"];
  for (const Json& addition : additions) {
    bool replaced = false;
    for (Json& entry : environment) {
      if (entry.value("name", "") == addition.value("name", "")) entry = addition, replaced = true;
    }
    if (!replaced) environment.push_back(addition);
  }
}

std::string numberText(const Json& container, const char* member) {
  auto it = container.find(member);
  return it == container.end() ? std::string() : std::to_string(it->get<int64_t>());
}

}  // namespace

std::optional<int64_t> parseCpu(const std::string& text) { return sized(text, "vcpu"); }
std::optional<int64_t> parseMemory(const std::string& text) { return sized(text, "gb"); }

ApiResult<Json> overridden(const Json& document, const Json& overrides) {
  Json out = document;
  replaceMembers(out, overrides, {"cpu", "memory", "taskRoleArn", "executionRoleArn", "ephemeralStorage"});
  for (const Json& override : overrides.value("containerOverrides", Json::array())) {
    std::string name = text(override, "name");
    Json* found = nullptr;
    for (Json& container : out["containerDefinitions"]) {
      if (container.value("name", "") == name) found = &container;
    }
    if (!found) {
      return invalidParameter("Override for container named " + name +
                              " is not a container in the TaskDefinition.");
    }
    replaceMembers(*found, override,
                   {"command", "cpu", "memory", "memoryReservation", "resourceRequirements"});
    if (override.contains("environment")) mergeEnvironment(*found, override["environment"]);
  }
  return out;
}

Resources resourcesOf(const Json& document) {
  Resources out;
  std::string mode = document.value("networkMode", "bridge");
  for (const Json& container : document["containerDefinitions"]) {
    out.cpu += container.value("cpu", int64_t{0});
    out.memory += container.value("memoryReservation", container.value("memory", int64_t{0}));
    if (mode != "bridge" && mode != "host") continue;
    for (const Json& port : container.value("portMappings", Json::array())) {
      auto host = static_cast<uint16_t>(port.value("hostPort", int64_t{0}));
      if (host == 0) continue;
      (port.value("protocol", "tcp") == "udp" ? out.udpPorts : out.ports).insert(host);
    }
  }
  out.gpus = gpusOf(document);
  if (auto cpu = parseCpu(document.value("cpu", ""))) out.cpu = *cpu;
  if (auto memory = parseMemory(document.value("memory", ""))) out.memory = *memory;
  return out;
}

std::vector<ContainerSpec> containersOf(const Json& document) {
  std::vector<ContainerSpec> out;
  for (const Json& definition : document["containerDefinitions"]) {
    ContainerSpec container;
    container.name = text(definition, "name");
    container.image = text(definition, "image");
    container.essential = definition.value("essential", true);
    container.checksHealth = definition.contains("healthCheck");
    container.cpu = std::to_string(definition.value("cpu", int64_t{0}));
    container.memory = numberText(definition, "memory");
    container.memoryReservation = numberText(definition, "memoryReservation");
    out.push_back(std::move(container));
  }
  return out;
}

std::optional<std::pair<uint16_t, uint16_t>> portRange(const std::string& range) {
  const size_t dash = range.find('-');
  if (dash == std::string::npos) return std::nullopt;
  const auto first = parseNumber<uint16_t>(range.substr(0, dash));
  const auto last = parseNumber<uint16_t>(range.substr(dash + 1));
  if (!first || !last || *first == 0 || *last < *first) return std::nullopt;
  return std::pair(*first, *last);
}

std::string unsupportedFeature(const Json& document) {
  for (const char* member : {"proxyConfiguration", "inferenceAccelerators"}) {
    if (document.contains(member) && !document[member].empty()) return member;
  }
  for (const Json& volume : document.value("volumes", Json::array())) {
    for (const char* kind : {"efsVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration"}) {
      if (volume.contains(kind)) return std::string(kind) + " of volume '" + text(volume, "name") + "',";
    }
    if (volume.value("configuredAtLaunch", false)) {
      return "configuredAtLaunch of volume '" + text(volume, "name") + "',";
    }
  }
  static constexpr const char* kContainerFeatures[] = {"credentialSpecs", "firelensConfiguration"};
  for (const Json& container : document["containerDefinitions"]) {
    for (const char* feature : kContainerFeatures) {
      if (container.contains(feature) && !container[feature].empty()) {
        return feature + (" of container '" + text(container, "name") + "'");
      }
    }
    for (const Json& wanted : container.value("resourceRequirements", Json::array())) {
      if (text(wanted, "type") == "GPU") continue;
      return "resourceRequirements of type " + text(wanted, "type") + " of container '" +
             text(container, "name") + "'";
    }
  }
  return "";
}

}  // namespace berth::controller
