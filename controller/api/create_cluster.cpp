#include "controller/api/account_settings.hpp"
#include "controller/api/actions.hpp"
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
  for (const char* member : {"capacityProviders", "defaultCapacityProviderStrategy"}) {
    if (context.input.contains(member) && !context.input[member].empty()) {
      return ApiError{"UnsupportedFeatureException",
                      std::string(member) + " is not offered by this version of Berth: leave it out."};
    }
  }
  BERTH_API_TRY(tags, givenTags(context.input));
  if (auto error = checkSettings(context.input.value("settings", Json::array()))) return *error;
  Json document{{"settings", Json::array({{{"name", "containerInsights"},
                                           {"value", settingInForce(context, "containerInsights")}}})}};
  mergeIntoDocument(document, context.input);
  Cluster cluster;
  cluster.name = name->str();
  cluster.document = document.dump();
  cluster.tags = std::move(tags);
  context.tx.put(cluster);
  return Json{{"cluster", renderCluster(context.state(), context.names, cluster, shown)}};
}

}  // namespace berth::controller
