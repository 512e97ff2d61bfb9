// The rules that a task definition must keep beyond the shapes of its members.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// The first rule that the definition in `input` breaks, as the service words it; nullopt when it keeps all.
std::optional<std::string> brokenRule(const Json& input);

/// The rules of CPU, memory and GPUs alone, for a definition whose sizes a run has overridden.
std::optional<std::string> brokenSize(const Json& document);

/// Which launch types a definition can run with: EC2, EXTERNAL, FARGATE.
Json compatibilitiesOf(const Json& document);

}  // namespace berth::controller
