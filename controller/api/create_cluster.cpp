#include <algorithm>

#include "controller/api/account_settings.hpp"
#include "controller/api/actions.hpp"
#include "controller/api/capacity.hpp"
#include "controller/api/cluster_settings.hpp"
#include "controller/api/render.hpp"
#include "controller/api/tags.hpp"

namespace berth::controller {
ApiResult<Json> createCluster(Context& context) {
  auto name = context.names.parseCluster(text(context.input, "clusterName", "default"));
  if (!name) return invalidParameter(name.error().message);
  const Cluster* existing = context.state().cluster(name->str());
  std::vector<std::string> shown{"SETTINGS", "CONFIGURATIONS", "TAGS"};
  // Creating what is there is no error, and changes nothing.
  if (existing && existing->active) {
    return Json{{"cluster", renderCluster(context.state(), context.names, *existing, shown)}};
  }
  const auto active = std::ranges::count_if(context.state().clusters(),
                                            [](const auto& entry) { return entry.second.active; });
  if (active >= context.quotas.clusters) {
    return quotaReached(context.quotas.clusters, "clusters", "delete some", "clusters");
  }
  BERTH_API_TRY(providers,
                providersFor(context, name->str(), context.input.value("capacityProviders", Json::array())));
  BERTH_API_TRY(strategy, strategyFor(context, providers,
                                      context.input.value("defaultCapacityProviderStrategy", Json::array())));
  BERTH_API_TRY(tags, givenTags(context.input));
  if (auto error = checkSettings(context.input.value("settings", Json::array()))) return *error;
  Json document{{"settings", Json::array({{{"name", "containerInsights"},
                                           {"value", settingInForce(context, "containerInsights")}}})}};
  mergeIntoDocument(document, context.input);
  Cluster cluster;
  cluster.name = name->str();
  cluster.document = document.dump();
  cluster.tags = std::move(tags);
  cluster.capacityProviders = std::move(providers);
  cluster.defaultStrategy = std::move(strategy);
  context.tx.put(cluster);
  return Json{{"cluster", renderCluster(context.state(), context.names, cluster, shown)}};
}

}  // namespace berth::controller
