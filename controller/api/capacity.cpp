#include "controller/api/capacity.hpp"

#include <algorithm>
#include <set>

namespace berth::controller {
namespace {

constexpr size_t kMostProviders = 20;  // of a strategy

ApiError unknownProvider(const std::string& reference) {
  return invalidParameter("The specified capacity provider '" + reference.substr(0, 300) +
                          "' was not found. Specify a valid name or ARN and try again.");
}

/// The name of a provider that can be used.
ApiResult<std::string> usableProvider(const Context& context, const std::string& reference) {
  const auto name = context.names.parseCapacityProvider(reference);
  if (!name) return invalidParameter(name.error().message);
  if (isPredefinedProvider(*name)) return *name;
  const CapacityProvider* found = context.state().capacityProvider(*name);
  if (!found) return unknownProvider(reference);
  if (!found->active) {
    return invalidParameter("The specified capacity provider '" + *name +
                            "' is not in an ACTIVE state. Specify a valid capacity provider and try again.");
  }
  return *name;
}

/// What is wrong with the items of a strategy together.
std::optional<ApiError> checkTogether(const std::vector<ProviderShare>& strategy) {
  const auto fargate = std::ranges::count_if(
      strategy, [](const ProviderShare& one) { return isPredefinedProvider(one.provider); });
  if (fargate > 0 && fargate < std::ssize(strategy)) {
    return invalidParameter(
        "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups "
        "and Fargate providers. Specify one or the other and try again.");
  }
  if (std::ranges::count_if(strategy, [](const ProviderShare& one) { return one.base > 0; }) > 1) {
    return invalidParameter("Only one capacity provider of a strategy can have a base.");
  }
  const bool weightless =
      std::ranges::all_of(strategy, [](const ProviderShare& one) { return one.weight == 0; });
  if (strategy.size() > 1 && weightless) {
    return invalidParameter(
        "A strategy with several capacity providers needs at least one with a weight greater than zero.");
  }
  return std::nullopt;
}

}  // namespace

bool isPredefinedProvider(const std::string& name) { return name == "FARGATE" || name == "FARGATE_SPOT"; }

const CapacityProvider* findProvider(const Context& context, const std::string& reference) {
  const auto name = context.names.parseCapacityProvider(reference);
  return name ? context.state().capacityProvider(*name) : nullptr;
}

bool hasManagedScaling(const Json& group) {
  const auto scaling = group.find("managedScaling");
  return scaling != group.end() && text(*scaling, "status") == "ENABLED";
}

const Cluster* otherClusterWith(const State& state, const std::string& provider, const std::string& cluster) {
  for (const auto& [name, other] : state.clusters()) {
    if (name == cluster || !other.active) continue;
    if (std::ranges::find(other.capacityProviders, provider) != other.capacityProviders.end()) return &other;
  }
  return nullptr;
}

ApiResult<std::vector<std::string>> providersFor(const Context& context, const std::string& cluster,
                                                 const Json& references) {
  if (std::ssize(references) > context.quotas.providersPerCluster) {
    return quotaReached(context.quotas.providersPerCluster, "capacity providers per cluster", "give fewer",
                        "providers_per_cluster");
  }
  std::vector<std::string> out;
  for (const Json& reference : references) {
    BERTH_API_TRY(name, usableProvider(context, reference.get<std::string>()));
    if (std::ranges::find(out, name) != out.end()) {
      return invalidParameter("The capacity provider " + name + " stands twice.");
    }
    const CapacityProvider* found = context.state().capacityProvider(name);
    const Cluster* other = otherClusterWith(context.state(), name, cluster);
    if (found && other && hasManagedScaling(parsed(found->document, Json::object()))) {
      return invalidParameter("The capacity provider " + name +
                              " has managed scaling and so serves one cluster alone, which is " +
                              other->name + ": remove it there, or disable its managed scaling.");
    }
    out.push_back(name);
  }
  return out;
}

ApiResult<std::vector<ProviderShare>> strategyFor(const Context& context,
                                                  const std::vector<std::string>& providers,
                                                  const Json& items) {
  if (items.size() > kMostProviders) {
    return invalidParameter("A capacity provider strategy can contain at most " +
                            std::to_string(kMostProviders) + " capacity providers.");
  }
  std::vector<ProviderShare> out;
  std::set<std::string> seen;
  for (const Json& item : items) {
    BERTH_API_TRY(name, usableProvider(context, text(item, "capacityProvider")));
    if (!seen.insert(name).second) {
      return invalidParameter("The capacity provider " + name + " stands twice in the strategy.");
    }
    if (std::ranges::find(providers, name) == providers.end()) {
      return invalidParameter("The capacity provider " + name +
                              " of the strategy is not associated with the cluster: associate it with "
                              "PutClusterCapacityProviders and try again.");
    }
    out.push_back({name, item.value("base", int64_t{0}), item.value("weight", int64_t{0})});
  }
  if (auto error = checkTogether(out)) return *error;
  return out;
}

ApiResult<std::vector<ProviderShare>> strategyOfLaunch(const Context& context, const Cluster& cluster) {
  const Json items = context.input.value("capacityProviderStrategy", Json::array());
  std::vector<ProviderShare> strategy;
  if (!items.empty()) {
    BERTH_API_TRY(own, strategyFor(context, cluster.capacityProviders, items));
    strategy = std::move(own);
  } else if (!context.input.contains("launchType")) {
    strategy = cluster.defaultStrategy;
  }
  if (!strategy.empty() && isPredefinedProvider(strategy.front().provider)) {
    return ApiError{"UnsupportedFeatureException",
                    "Capacity provider " + strategy.front().provider +
                        " is not offered by this version of Berth: use one of an Auto Scaling group, or the "
                        "launch type EC2."};
  }
  return strategy;
}

Json shownStrategy(const std::vector<ProviderShare>& strategy) {
  Json out = Json::array();
  for (const ProviderShare& one : strategy) {
    out.push_back({{"capacityProvider", one.provider}, {"weight", one.weight}, {"base", one.base}});
  }
  return out;
}

}  // namespace berth::controller
