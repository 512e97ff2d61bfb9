// From what the engine knows of a task to what the local endpoints show of it.
#pragma once

#include <string>
#include <vector>

#include "agent/endpoints/view.hpp"
#include "agent/engine/engine.hpp"

namespace berth::agent::endpoints {

/// What is true of all tasks of an instance.
struct InstanceFacts {
  std::string availabilityZone;  ///< empty: not shown
};

/// `waiting`: what containers of the task wait for. `pulls`: every pull under way, whose progress is shown
/// with those of the task.
TaskView viewOf(const Task& task, const Identity& identity, const InstanceFacts& facts,
                const std::vector<Waiting>& waiting, const std::vector<PullStatus>& pulls);

/// A role's credentials as they are handed to containers.
RoleCredentials credentialsOf(const acs::Credentials& from, const std::string& taskArn,
                              RoleCredentials::Role role);

/// Whether a container of the task is being pulled, so that its view changes without a change of the task.
bool isPulling(const Task& task);

}  // namespace berth::agent::endpoints
