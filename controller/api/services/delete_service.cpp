#include "controller/api/services/actions.hpp"
#include "controller/api/services/deploy.hpp"
#include "controller/api/services/find.hpp"
#include "controller/api/services/render.hpp"
#include "controller/api/services/scale.hpp"

namespace berth::controller {
namespace {

/// The task sets of a service that is deleted: those that have tasks left drain, others are gone.
std::vector<TaskSet> closeTaskSets(Context& context, const Service& service) {
  std::vector<TaskSet> out;
  for (const TaskSet* one : taskSetsInOrder(context.state(), service)) {
    if (!hasTasks(context.state(), service, one->id)) {
      context.tx.erase(Kind::TaskSet, one->key());
      continue;
    }
    TaskSet& set = out.emplace_back(*one);
    set.status = TaskSetStatus::Draining;
    setScale(context, service, set, 0);
    context.tx.put(set);
  }
  return out;
}

/// DRAINING until its last task goes, INACTIVE at once without tasks.
void close(Context& context, Service& service) {
  for (Deployment& one : service.deployments) {
    endServiceDeployment(context, service, one, wantedBy(context.state(), service),
                         "The service was deleted.");
    one.desiredCount = 0;
    one.updatedAt = context.now.wall;
  }
  service.desiredCount = 0;
  service.tags.clear();
  service.status = ServiceStatus::Draining;
  if (hasTasks(context.state(), service)) return;
  service.deployments.clear();
  service.status = ServiceStatus::Inactive;
  service.deletedAt = context.now.wall;
}

}  // namespace

ApiResult<Json> deleteService(Context& context) {
  BERTH_API_TRY(known, requestedService(context));
  if (known->status == ServiceStatus::Inactive) {
    return ApiError{"ServiceNotFoundException", "Service not found."};
  }
  if (known->status == ServiceStatus::Draining) {
    return Json{{"service", renderService(context.state(), context.names, *known, true)}};
  }
  Service service = *known;
  if (service.desiredCount > 0 && !context.input.value("force", false)) {
    return invalidParameter("The service cannot be stopped while it is scaled above 0.");
  }
  close(context, service);
  const std::vector<TaskSet> sets = closeTaskSets(context, service);
  context.tx.put(service);
  Json shown = renderService(context.state(), context.names, service, true);
  if (shown.contains("taskSets")) {
    shown["taskSets"] = Json::array();
    for (const TaskSet& set : sets) {
      shown["taskSets"].push_back(renderTaskSet(context.state(), context.names, service, set, false));
    }
  }
  return Json{{"service", std::move(shown)}};
}

}  // namespace berth::controller
