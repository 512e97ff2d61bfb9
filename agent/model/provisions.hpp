// What a task's containers need to have fetched, as its payload says it.
#pragma once

#include <optional>

#include "agent/model/task.hpp"
#include "agent/ports/secrets.hpp"

namespace berth::agent {

/// The execution role's credentials; nullopt when the task has none, or they have not come (again) yet.
std::optional<Role> executionRole(const Task& task);

/// Secrets and environment files of the container.
Provisions provisionsOf(const Task& task, const Container& container);

/// How the credentials for the registry of the container's image are found.
RegistryAuthRequest registryAuthOf(const Task& task, const Container& container);

/// Whether the container's next step, its pull or its creation, needs the execution role's credentials, which
/// are not here though the task has such a role.
bool lacksCredentials(const Task& task, const Container& container);

}  // namespace berth::agent
