#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
ApiResult<Json> listContainerInstances(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  if (!text(context.input, "filter").empty()) {
    return ApiError{"UnsupportedFeatureException",
                    "The cluster query language is not offered by this version of Berth: leave filter out."};
  }
  std::string status = text(context.input, "status");
  std::vector<std::string> ids;
  for (const auto& [id, instance] : context.state().instances()) {
    if (instance.cluster != cluster->name) continue;
    if (status.empty() ? instance.status != "INACTIVE" : instance.status == status) ids.push_back(id);
  }
  return page(context.input, ids, "containerInstanceArns", 100,
              [&](const std::string& id) { return context.names.instance(cluster->name, id).str(); });
}

}  // namespace berth::controller
