#include "agent/session/capabilities.hpp"

#include <algorithm>

namespace berth::agent {
namespace {

constexpr const char* kLegacy = "com.amazonaws.ecs.capability.";
constexpr const char* kModern = "ecs.capability.";

/// "1.41" as 1041.
int versionNumber(const std::string& text) {
  size_t dot = text.find('.');
  if (dot == std::string::npos) return 0;
  return std::atoi(text.c_str()) * 1000 + std::atoi(text.c_str() + dot + 1);
}

/// The API versions that the service knows by name; newer ones are not claimed, as Amazon's agent has it.
constexpr const char* kApiVersions[] = {"1.17", "1.18", "1.19", "1.20", "1.21", "1.22", "1.23",
                                        "1.24", "1.25", "1.28", "1.29", "1.30", "1.32"};

}  // namespace

std::map<std::string, std::string> capabilities(const RuntimeInfo& runtime,
                                                const std::vector<std::string>& loggingDrivers) {
  std::map<std::string, std::string> out{{"ecs.os-type", "linux"},
                                         {"ecs.os-family", "LINUX"},
                                         {"ecs.os-type-detailed", "LINUX"},
                                         {std::string(kLegacy) + "privileged-container", ""},
                                         {std::string(kModern) + "container-health-check", ""},
                                         {std::string(kModern) + "full-sync", ""},
                                         {std::string(kModern) + "container-ordering", ""},
                                         {std::string(kModern) + "container-restart-policy", ""},
                                         {std::string(kModern) + "network.container-port-range", ""},
                                         {std::string(kModern) + "docker-plugin.local", ""}};
  int newest = versionNumber(runtime.apiVersion);
  int oldest = versionNumber(runtime.minApiVersion);
  for (const char* version : kApiVersions) {
    int number = versionNumber(version);
    if (number < oldest || number > newest) continue;
    out[std::string(kLegacy) + "docker-remote-api." + version] = "";
  }
  for (const std::string& driver : loggingDrivers) {
    const auto& has = runtime.loggingDrivers;
    bool offered = driver == "none" || std::find(has.begin(), has.end(), driver) != has.end();
    if (offered) out[std::string(kLegacy) + "logging-driver." + driver] = "";
  }
  for (const std::string& plugin : runtime.volumePlugins) {
    out[std::string(kModern) + "docker-plugin." + plugin] = "";
  }
  if (!runtime.systemdGroups) {
    out[std::string(kModern) + "task-cpu-mem-limit"] = "";
    out[std::string(kModern) + "increased-task-cpu-limit"] = "";
  }
#if defined(__x86_64__)
  out["ecs.cpu-architecture"] = "x86_64";
#elif defined(__aarch64__)
  out["ecs.cpu-architecture"] = "arm64";
#endif
  return out;
}

}  // namespace berth::agent
