// Which of the credentials that an agent's settings hold are for an image.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/ports/runtime.hpp"

namespace berth::agent {

/// Credentials by registry: keys as registryKey() makes them.
using RegistryAuths = std::map<std::string, RegistryAuth>;

/// The key of a registry, or of a part of one, as settings name it: "reg.example/team" without scheme and
/// final '/'. Docker Hub has many names ("https://index.docker.io/v1/" is the one that Docker's own tools
/// write) and one key, "docker.io".
std::string registryKey(std::string_view name);

/// An image's name with its registry and without tag and digest: "docker.io/library/nginx",
/// "reg.example:5000/team/app".
std::string repositoryOf(std::string_view image);

/// The credentials of the longest key that is the repository's name, or its beginning up to a '/'.
/// Source: amazon-ecs-agent, agent/dockerclient/dockerauth; which, however, takes any beginning.
std::optional<RegistryAuth> chooseAuth(const RegistryAuths& auths, std::string_view image);

}  // namespace berth::agent
