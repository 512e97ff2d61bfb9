// What of a payload this agent can do.
#pragma once

#include <optional>
#include <string>

#include "proto/acs/payload.hpp"

namespace berth::agent {

/// What the configuration and the host allow.
struct Support {
  bool privileged = true;
  bool secrets = false;       ///< there is somewhere to get secrets and environment files from
  bool taskGroups = true;     ///< control groups of tasks can be made
  bool taskNetworks = false;  ///< tasks can have addresses of their own
};

/// Why a task can't be run as asked, naming the member and the way out; nullopt when it can. A task is never
/// run without something that it asks for.
std::optional<std::string> refusal(const acs::Task& task, const Support& support);

}  // namespace berth::agent
