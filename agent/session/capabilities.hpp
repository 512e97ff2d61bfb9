// What the agent says it can do when it registers (amazon-ecs-agent, agent/app/agent_capability.go).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/ports/runtime.hpp"

namespace berth::agent {

/// What the settings let this agent do.
struct CapabilityRules {
  std::vector<std::string> loggingDrivers;
  bool privileged = true;
  bool healthChecks = true;
  bool taskLimits = true;
  bool taskRoles = true;
  bool taskRolesNetworkHost = true;
  bool taskNetworks = false;    ///< tasks get addresses of their own
  bool closesMetadata = false;  ///< and do not reach the instance's metadata from there
  bool selinux = false;
  bool apparmor = false;
  std::string gpuDriver;  ///< version of the NVIDIA driver; empty: no GPUs are offered, or it is not known
};

/// The attributes of a registration: what the host is, and a name for each capability; an empty value stands
/// for none. Only what this agent really does is claimed.
std::map<std::string, std::string> capabilities(const RuntimeInfo& runtime, const CapabilityRules& rules);

}  // namespace berth::agent
