// What a task definition needs of the instance that runs it.
#pragma once

#include <vector>

#include "controller/api/context.hpp"

namespace berth::controller {

/// The attributes that an instance must have, by name: capabilities as agents tell them at their
/// registration, and the CPU's architecture. `document` is the taskDefinition with its defaults filled in.
/// Source: amazon-ecs-agent, agent/app/agent_capability.go.
std::vector<Attribute> requiredAttributes(const Json& document);

}  // namespace berth::controller
