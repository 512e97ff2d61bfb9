// The agent's settings, declared as data in groups: key, type, rule, default, the ECS_ variables that feed
// it, whether a running agent takes a new value, and what it is. Everything else about settings is derived
// from here: reading, describing, documentation, reloading.
#pragma once

#include <memory>
#include <vector>

#include "common/config/schema.hpp"

namespace berth::agent {

/// What joins a host, and the host itself.
std::vector<config::Setting> hostSettings();
/// Images, containers, tasks.
std::vector<config::Setting> taskSettings();
/// Endpoints, secrets, registries, metrics, logs.
std::vector<config::Setting> serviceSettings();

/// All of them; made once.
std::shared_ptr<const config::Schema> agentSchema();

}  // namespace berth::agent
