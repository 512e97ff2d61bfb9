// UpdateTaskSet, UpdateServicePrimaryTaskSet, DeleteTaskSet, DescribeTaskSets.
#include "controller/api/render.hpp"
#include "controller/api/services/actions.hpp"
#include "controller/api/services/deploy.hpp"
#include "controller/api/services/find.hpp"
#include "controller/api/services/render.hpp"
#include "controller/api/services/scale.hpp"

namespace berth::controller {
namespace {

Json answerOf(const Context& context, const Service& service, const TaskSet& set) {
  return Json{{"taskSet", renderTaskSet(context.state(), context.names, service, set, true)}};
}

ApiError draining(const TaskSet& set) {
  return invalidParameter("The task set " + set.id + " is being deleted.");
}

}  // namespace

ApiResult<double> scaleOf(const Json& input, double usual) {
  const double value = input.value("scale", Json::object()).value("value", usual);
  // Written so that no number at all is refused, too.
  if (value >= 0 && value <= 100) return value;
  return invalidParameter("The scale of a task set must be between 0 and 100 percent, not " +
                          Json(value).dump() + ".");
}

void setScale(const Context& context, const Service& service, TaskSet& set, double scale) {
  set.scale = scale;
  set.updatedAt = context.now.wall;
  const TaskCounts tasks = countsOf(context.state(), service)[set.id];
  const bool steady = tasks.running == set.desiredOf(service.desiredCount) && tasks.pending == 0;
  if (steady != set.steady || set.steadyAt == WallTime{}) set.steadyAt = context.now.wall;
  set.steady = steady;
}

ApiResult<Json> updateTaskSet(Context& context) {
  BERTH_API_TRY(service, requestedExternalService(context));
  BERTH_API_TRY(known, requestedTaskSet(context, *service, "taskSet"));
  if (known->status == TaskSetStatus::Draining) return draining(*known);
  BERTH_API_TRY(scale, scaleOf(context.input, known->scale));
  TaskSet set = *known;
  setScale(context, *service, set, scale);
  context.tx.put(set);
  return answerOf(context, *service, set);
}

ApiResult<Json> updateServicePrimaryTaskSet(Context& context) {
  BERTH_API_TRY(known, requestedExternalService(context));
  BERTH_API_TRY(chosen, requestedTaskSet(context, *known, "primaryTaskSet"));
  if (chosen->status == TaskSetStatus::Draining) return draining(*chosen);
  for (const TaskSet* one : context.state().taskSetsOf(known->key())) {
    if (one->status != TaskSetStatus::Primary || one == chosen) continue;
    TaskSet former = *one;
    former.status = TaskSetStatus::Active;
    former.updatedAt = context.now.wall;
    context.tx.put(former);
  }
  TaskSet set = *chosen;
  set.status = TaskSetStatus::Primary;
  set.updatedAt = context.now.wall;
  context.tx.put(set);
  Service service = *known;
  takePrimary(set, service);
  context.tx.put(service);
  return answerOf(context, service, set);
}

ApiResult<Json> deleteTaskSet(Context& context) {
  BERTH_API_TRY(service, requestedExternalService(context));
  BERTH_API_TRY(known, requestedTaskSet(context, *service, "taskSet"));
  if (known->scale > 0 && !context.input.value("force", false)) {
    return invalidParameter(
        "The task set can't be deleted while its scale is above 0: set it to 0, or use "
        "force.");
  }
  TaskSet set = *known;
  set.status = TaskSetStatus::Draining;
  setScale(context, *service, set, 0);
  if (hasTasks(context.state(), *service, set.id)) {
    context.tx.put(set);
  } else {
    context.tx.erase(Kind::TaskSet, set.key());
  }
  return answerOf(context, *service, set);
}

ApiResult<Json> describeTaskSets(Context& context) {
  BERTH_API_TRY(service, requestedService(context));
  if (service->status == ServiceStatus::Inactive) {
    return ApiError{"ServiceNotActiveException", "Service was not ACTIVE."};
  }
  if (auto error = checkHasTaskSets(*service)) return *error;
  const bool tagged = includes(context.input, "TAGS");
  Json sets = Json::array();
  Json failures = Json::array();
  const auto show = [&](const TaskSet& set) {
    sets.push_back(renderTaskSet(context.state(), context.names, *service, set, tagged));
  };
  const auto references = context.input.value("taskSets", std::vector<std::string>{});
  if (references.empty()) {
    for (const TaskSet* set : taskSetsInOrder(context.state(), *service)) show(*set);
  }
  for (const std::string& reference : references) {
    if (const TaskSet* set = findTaskSet(context, *service, reference)) {
      show(*set);
    } else {
      const bool is_arn = reference.starts_with("arn:");
      failures.push_back(failure(
          is_arn ? reference
                 : context.names.servicePart("task-set", {service->cluster, service->name, reference}),
          "MISSING"));
    }
  }
  return Json{{"taskSets", std::move(sets)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
