#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
ApiResult<Json> deleteCluster(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  for (const auto& [id, instance] : context.state().instances()) {
    if (instance.cluster != cluster->name) continue;
    if (instance.status != "INACTIVE") {
      return ApiError{"ClusterContainsContainerInstancesException",
                      "The Cluster cannot be deleted while Container Instances are active or draining."};
    }
  }
  for (const auto& task : context.state().tasks()) {
    if (task->spec->cluster == cluster->name && task->lastStatus != TaskStatus::Stopped) {
      return ApiError{"ClusterContainsTasksException",
                      "The Cluster cannot be deleted while Tasks are active."};
    }
  }
  Cluster deleted = *cluster;
  deleted.active = false;
  deleted.capacityProviders.clear();
  deleted.defaultStrategy.clear();
  context.tx.put(deleted);
  return Json{{"cluster", renderCluster(context.state(), context.names, deleted, {"SETTINGS", "TAGS"})}};
}

}  // namespace berth::controller
