// Capacity providers and strategies, as several operations look at them.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// A host belongs to the capacity provider that this attribute of it names; see docs/configure.md.
inline constexpr const char* kProviderAttribute = "berth.capacity-provider";

/// FARGATE and FARGATE_SPOT, which are always there.
bool isPredefinedProvider(const std::string& name);

/// The provider that a name or ARN means; nullptr when there is none, or a predefined one.
const CapacityProvider* findProvider(const Context& context, const std::string& reference);

/// The names of the providers that a cluster is to have. InvalidParameterException when one is unknown,
/// stands twice, is not ACTIVE, or has managed scaling and serves another cluster, or when there are too
/// many.
ApiResult<std::vector<std::string>> providersFor(const Context& context, const std::string& cluster,
                                                 const Json& references);

/// A strategy (shape CapacityProviderStrategy) of a cluster with these providers. InvalidParameterException
/// for the rules of Amazon ECS API Reference, CapacityProviderStrategyItem.
ApiResult<std::vector<ProviderShare>> strategyFor(const Context& context,
                                                  const std::vector<std::string>& providers,
                                                  const Json& items);

/// The strategy by which a launch in `cluster` shares its tasks out: that of the call, else, unless the call
/// has a launch type, the cluster's. Empty: none. UnsupportedFeatureException for one of Fargate.
ApiResult<std::vector<ProviderShare>> strategyOfLaunch(const Context& context, const Cluster& cluster);

/// As shape CapacityProviderStrategy.
Json shownStrategy(const std::vector<ProviderShare>& strategy);

/// Whether a provider's document has managed scaling enabled.
bool hasManagedScaling(const Json& group);
/// Another cluster that is ACTIVE and has the provider; nullptr when there is none.
const Cluster* otherClusterWith(const State& state, const std::string& provider, const std::string& cluster);

}  // namespace berth::controller
