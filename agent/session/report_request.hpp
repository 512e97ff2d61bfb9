// A report of the engine as the API call that carries it.
#pragma once

#include <string>

#include "agent/model/report.hpp"
#include "proto/acs/messages.hpp"
#include "proto/ecs/agent_api.hpp"

namespace berth::agent {

/// The body of SubmitTaskStateChange (amazon-ecs-agent, ecs-agent/api/ecs/client); `cluster` as the agent's
/// user configured it.
ecs::SubmitTaskStateChangeRequest toRequest(const Report& report, const std::string& cluster);
/// The same call, as a command session carries it.
acs::StateReport toStateReport(const Report& report, const std::string& cluster);

}  // namespace berth::agent
