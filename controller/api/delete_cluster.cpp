#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"
#include "controller/model/service_upkeep.hpp"

namespace berth::controller {
ApiResult<Json> deleteCluster(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  for (const auto& instance : context.state().instances()) {
    if (instance->cluster != cluster->name) continue;
    if (instance->status != "INACTIVE") {
      return ApiError{"ClusterContainsContainerInstancesException",
                      "The Cluster cannot be deleted while Container Instances are active or draining."};
    }
  }
  std::vector<std::string> gone;
  for (const auto& [key, service] : context.state().services()) {
    if (service.cluster != cluster->name) continue;
    if (service.status != ServiceStatus::Inactive) {
      return ApiError{"ClusterContainsServicesException",
                      "The Cluster cannot be deleted while Services are active."};
    }
    gone.push_back(key);
  }
  for (const auto& task : context.state().tasks()) {
    if (task->spec->cluster == cluster->name && task->lastStatus != TaskStatus::Stopped) {
      return ApiError{"ClusterContainsTasksException",
                      "The Cluster cannot be deleted while Tasks are active."};
    }
  }
  // A cluster that is made anew under this name has no services.
  for (const std::string& key : gone) {
    forgetHistory(context.tx, key);
    context.tx.erase(Kind::Service, key);
  }
  Cluster deleted = *cluster;
  deleted.active = false;
  deleted.deletedAt = context.now.wall;
  deleted.capacityProviders.clear();
  deleted.defaultStrategy.clear();
  context.tx.put(deleted);
  return Json{{"cluster", renderCluster(context.state(), context.names, deleted, {"SETTINGS", "TAGS"})}};
}

}  // namespace berth::controller
