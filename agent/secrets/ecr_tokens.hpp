// Tokens of ECR that are good for more than one pull.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/ports/secrets.hpp"
#include "common/ids/random.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

struct EcrToken {
  std::string registry;  ///< host, perhaps with port and path: the proxy endpoint without scheme
  RegistryAuth auth;
  WallTime expires{};
};

/// What makes two requests the same: credentials id (the access key's, when the role has none) and ARN of the
/// execution role when the request uses it, region, registry and endpoint.
/// Source: amazon-ecs-agent, agent/dockerclient/dockerauth/ecr.go.
std::string ecrKey(const EcrAuthData& data, const std::optional<Role>& role, std::string_view defaultRegion);

/// Whether images of this name are pulled from the registry: its name is the image's up to a '/'.
bool isFromRegistry(std::string_view image, std::string_view registry);

/// The most recently used tokens. A token serves until 30 minutes, and up to 30 minutes more by chance,
/// before it expires, so that many agents do not ask at the same moment; and never longer than 12 hours.
class EcrTokens {
 public:
  explicit EcrTokens(Random& random, size_t capacity = 100) : random_(random), capacity_(capacity) {}

  /// nullopt when there is none that still serves.
  std::optional<EcrToken> find(const std::string& key, WallTime now);
  void put(const std::string& key, EcrToken token, WallTime now);
  size_t size() const { return byKey_.size(); }

 private:
  struct Kept {
    std::string key;
    EcrToken token;
    WallTime until;
  };
  using List = std::list<Kept>;

  void drop(List::iterator kept);

  Random& random_;
  size_t capacity_;
  List kept_;  ///< most recently used first
  std::map<std::string, List::iterator, std::less<>> byKey_;
};

}  // namespace berth::agent
