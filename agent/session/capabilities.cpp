#include "agent/session/capabilities.hpp"

#include <algorithm>

#include "proto/ecs/task_address.hpp"

namespace berth::agent {
namespace {

constexpr const char* kLegacy = "com.amazonaws.ecs.capability.";
constexpr const char* kModern = "ecs.capability.";
constexpr int kExtendedFrom = 1024;  // "1.24"

/// "1.41" as 1041.
int versionNumber(const std::string& text) {
  size_t dot = text.find('.');
  if (dot == std::string::npos) return 0;
  return std::atoi(text.c_str()) * 1000 + std::atoi(text.c_str() + dot + 1);
}

/// The API versions that the service knows by name; newer ones are not claimed, as Amazon's agent has it.
constexpr const char* kApiVersions[] = {"1.17", "1.18", "1.19", "1.20", "1.21", "1.22", "1.23",
                                        "1.24", "1.25", "1.28", "1.29", "1.30", "1.32"};

/// What needs nothing but this agent.
constexpr const char* kAlways[] = {"full-sync",
                                   "container-ordering",
                                   "container-restart-policy",
                                   "network.container-port-range",
                                   "docker-plugin.local",
                                   "private-registry-authentication.secretsmanager",
                                   "secrets.ssm.environment-variables",
                                   "secrets.ssm.bootstrap.log-driver",
                                   "secrets.asm.environment-variables",
                                   "secrets.asm.bootstrap.log-driver",
                                   "pid-ipc-namespace-sharing",
                                   "env-files.s3",
                                   "ecr-endpoint",
                                   "execution-role-ecr-pull",
                                   "execution-role-awslogs"};

using Attributes = std::map<std::string, std::string>;

void putRuntime(Attributes& out, const RuntimeInfo& runtime, const CapabilityRules& rules) {
  const int newest = versionNumber(runtime.apiVersion);
  const int oldest = versionNumber(runtime.minApiVersion);
  // An engine that has dropped old versions does what they did by newer ones.
  const bool all = oldest >= kExtendedFrom;
  for (const char* version : kApiVersions) {
    const int number = versionNumber(version);
    if (number > newest || (number < oldest && !all)) continue;
    out[std::string(kLegacy) + "docker-remote-api." + version] = "";
  }
  for (const std::string& driver : rules.loggingDrivers) {
    const auto& has = runtime.loggingDrivers;
    const bool offered = driver == "none" || std::find(has.begin(), has.end(), driver) != has.end();
    if (offered) out[std::string(kLegacy) + "logging-driver." + driver] = "";
  }
  for (const std::string& plugin : runtime.volumePlugins) {
    std::string name = plugin;
    std::replace(name.begin(), name.end(), ':', '.');
    out[std::string(kModern) + "docker-plugin." + name] = "";
    if (plugin.ends_with(":latest")) {
      out[std::string(kModern) + "docker-plugin." + plugin.substr(0, plugin.rfind(':'))] = "";
    }
  }
}

void putRules(Attributes& out, const CapabilityRules& rules) {
  const auto legacy = [&out](bool has, const char* name) {
    if (has) out[std::string(kLegacy) + name] = "";
  };
  const auto modern = [&out](bool has, const std::string& name) {
    if (has) out[kModern + name] = "";
  };
  for (const char* name : kAlways) modern(true, name);
  legacy(true, "ecr-auth");
  legacy(rules.privileged, "privileged-container");
  legacy(rules.selinux, "selinux");
  legacy(rules.apparmor, "apparmor");
  legacy(rules.taskRoles, "task-iam-role");
  legacy(rules.taskRolesNetworkHost, "task-iam-role-network-host");
  modern(rules.healthChecks, "container-health-check");
  modern(rules.taskLimits, "task-cpu-mem-limit");
  modern(rules.taskLimits, "increased-task-cpu-limit");
  modern(rules.taskNetworks, "task-eni");
  modern(rules.taskNetworks && rules.closesMetadata, "task-eni-block-instance-metadata");
  if (rules.taskNetworks) out[ecs::kGivesAddresses] = "";
  if (rules.gpuDriver.empty()) return;
  modern(true, "nvidia-driver-version." + rules.gpuDriver);
  out[std::string(kModern) + "gpu-driver-version"] = rules.gpuDriver;
}

}  // namespace

std::map<std::string, std::string> capabilities(const RuntimeInfo& runtime, const CapabilityRules& rules) {
  Attributes out{{"ecs.os-type", "linux"}, {"ecs.os-family", "LINUX"}, {"ecs.os-type-detailed", "LINUX"}};
  putRuntime(out, runtime, rules);
  putRules(out, rules);
#if defined(__x86_64__)
  out["ecs.cpu-architecture"] = "x86_64";
#elif defined(__aarch64__)
  out["ecs.cpu-architecture"] = "arm64";
#endif
  return out;
}

}  // namespace berth::agent
