#include <algorithm>

#include "controller/api/actions.hpp"
#include "controller/api/capacity.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
namespace {

/// A task that a provider of the cluster has and that is not STOPPED keeps the provider.
std::optional<ApiError> checkRemoved(const Context& context, const Cluster& cluster,
                                     const std::vector<std::string>& kept) {
  for (const auto& task : context.state().tasks()) {
    const std::string& provider = task->spec->capacityProvider;
    if (task->spec->cluster != cluster.name || provider.empty()) continue;
    if (task->lastStatus == TaskStatus::Stopped) continue;
    if (std::ranges::find(kept, provider) != kept.end()) continue;
    return ApiError{"ResourceInUseException",
                    "The specified capacity provider is in use and cannot be removed: " + provider +
                        " has the task " + arnOf(context.names, *task) + "."};
  }
  return std::nullopt;
}

}  // namespace

ApiResult<Json> putClusterCapacityProviders(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  BERTH_API_TRY(providers, providersFor(context, cluster->name, context.input["capacityProviders"]));
  BERTH_API_TRY(strategy, strategyFor(context, providers, context.input["defaultCapacityProviderStrategy"]));
  if (auto error = checkRemoved(context, *cluster, providers)) return *error;
  Cluster changed = *cluster;
  changed.capacityProviders = std::move(providers);
  changed.defaultStrategy = std::move(strategy);
  context.tx.put(changed);
  return Json{{"cluster", renderCluster(context.state(), context.names, changed,
                                        {"SETTINGS", "CONFIGURATIONS", "TAGS", "ATTACHMENTS"})}};
}

}  // namespace berth::controller
