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

/// So does the strategy of a service that is not INACTIVE, or of one of its task sets.
std::optional<ApiError> checkServices(const Context& context, const Cluster& cluster,
                                      const std::vector<std::string>& kept) {
  const auto removed = [&](const std::string& document) -> std::optional<std::string> {
    const Json settings = parsed(document, Json::object());
    for (const Json& item : settings.value("capacityProviderStrategy", Json::array())) {
      const auto name = context.names.parseCapacityProvider(text(item, "capacityProvider"));
      if (name && std::ranges::find(kept, *name) == kept.end()) return *name;
    }
    return std::nullopt;
  };
  for (const auto& [key, service] : context.state().services()) {
    if (service.cluster != cluster.name || service.status == ServiceStatus::Inactive) continue;
    std::optional<std::string> provider = removed(service.document);
    for (const TaskSet* set : context.state().taskSetsOf(key)) {
      if (!provider) provider = removed(set->document);
    }
    if (!provider) continue;
    return ApiError{"ResourceInUseException",
                    "The specified capacity provider is in use and cannot be removed: " + *provider +
                        " is in the strategy of the service " + service.name +
                        ": give that another strategy with UpdateService and try again."};
  }
  return std::nullopt;
}

}  // namespace

ApiResult<Json> putClusterCapacityProviders(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  BERTH_API_TRY(providers, providersFor(context, cluster->name, context.input["capacityProviders"]));
  BERTH_API_TRY(strategy, strategyFor(context, providers, context.input["defaultCapacityProviderStrategy"]));
  if (auto error = checkRemoved(context, *cluster, providers)) return *error;
  if (auto error = checkServices(context, *cluster, providers)) return *error;
  Cluster changed = *cluster;
  changed.capacityProviders = std::move(providers);
  changed.defaultStrategy = std::move(strategy);
  context.tx.put(changed);
  return Json{{"cluster", renderCluster(context.state(), context.names, changed,
                                        {"SETTINGS", "CONFIGURATIONS", "TAGS", "ATTACHMENTS"})}};
}

}  // namespace berth::controller
