#include "controller/api/capacity.hpp"
#include "controller/api/services/settings.hpp"

namespace berth::controller {

std::optional<ApiError> checkStrategy(const Context& context, const Cluster& cluster, const Json& strategy) {
  for (const Json& item : strategy) {
    const auto name = context.names.parseCapacityProvider(text(item, "capacityProvider"));
    if (!name || !isPredefinedProvider(*name)) continue;
    return unsupported(
        "FARGATE and FARGATE_SPOT are AWS's own capacity, which Berth does not have: use "
        "launchType EC2 or EXTERNAL.");
  }
  const auto checked = strategyFor(context, cluster.capacityProviders, strategy);
  if (const auto* error = std::get_if<ApiError>(&checked)) return *error;
  return std::nullopt;
}

void takeDefaultStrategy(const Json& input, const Cluster& cluster, Json& document) {
  const bool chosen = input.contains("launchType") || document.contains("capacityProviderStrategy");
  if (chosen || cluster.defaultStrategy.empty()) return;
  document["capacityProviderStrategy"] = shownStrategy(cluster.defaultStrategy);
}

}  // namespace berth::controller
