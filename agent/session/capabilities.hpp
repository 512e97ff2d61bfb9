// What the agent says it can do when it registers (amazon-ecs-agent, agent/app/agent_capability.go).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/ports/runtime.hpp"

namespace berth::agent {

/// The attributes of a registration: what the host is, and a name for each capability; an empty value stands
/// for none. Only what this agent really does is claimed.
std::map<std::string, std::string> capabilities(const RuntimeInfo& runtime,
                                                const std::vector<std::string>& loggingDrivers);

}  // namespace berth::agent
