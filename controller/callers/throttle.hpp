// Token buckets: how many calls a caller may make.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/time/clock.hpp"

namespace berth::controller {

/// A bucket of `burst` tokens that gets `perSecond` new ones; perSecond 0 is no limit.
struct Rate {
  double perSecond = 0;
  double burst = 0;

  bool operator==(const Rate&) const = default;
};

class TokenBucket {
 public:
  /// Takes a token, or answers false when there is none. The first call finds the bucket full.
  bool take(const Rate& rate, MonoTime now);

 private:
  std::optional<MonoTime> filledAt_;
  double tokens_ = 0;
};

/// Operations that share a bucket, as Amazon groups them.
/// Source: Amazon ECS API Reference, "Request throttling for the Amazon ECS API".
enum class CallClass {
  ClusterModify,
  ClusterRead,
  DefinitionModify,
  DefinitionRead,
  DefinitionDelete,
  CapacityProviderModify,
  CapacityProviderRead,
  TagModify,
  TagRead,
  SettingModify,
  SettingRead,
  ResourceModify,
  ResourceRead,
  AgentModify,
  ServiceModify,
  ServiceRead,
  DeploymentRead,
  RevisionRead,
  TaskProtection,
  NamespaceRead,
};
inline constexpr size_t kCallClasses = static_cast<size_t>(CallClass::NamespaceRead) + 1;

/// "resource_modify"
std::string_view name(CallClass callClass);
std::optional<CallClass> callClassNamed(std::string_view name);
/// The class of an operation; nullopt for one that the API does not have. Operations that Amazon's list
/// leaves out go with their like; DiscoverPollEndpoint, an agent's call, with agents' calls.
std::optional<CallClass> callClassOf(std::string_view operation);

using ThrottleRates = std::array<Rate, kCallClasses>;

/// `usual` for all classes, ten times as much for agents' calls: each task brings several.
ThrottleRates throttleRates(const Rate& usual);

/// Each caller has a bucket a class. Agents' websockets, and so heartbeats, have none.
class Throttle {
 public:
  explicit Throttle(const ThrottleRates& rates) : rates_(rates) {}

  /// Whether the caller may make this call now. One that the API does not have is always let through: it
  /// costs nothing.
  bool admit(const std::string& caller, std::string_view operation, MonoTime now);

 private:
  ThrottleRates rates_;
  std::unordered_map<std::string, std::array<TokenBucket, kCallClasses>> buckets_;
};

}  // namespace berth::controller
