#include "controller/api/services/find.hpp"

#include <algorithm>
#include <tuple>

namespace berth::controller {

ApiResult<const Service*> requestedService(const Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const Service* service = findService(context, *cluster, text(context.input, "service"));
  if (!service) return ApiError{"ServiceNotFoundException", "Service not found."};
  return service;
}

ApiResult<const Service*> requestedActiveService(const Context& context) {
  BERTH_API_TRY(service, requestedService(context));
  if (service->status == ServiceStatus::Active) return service;
  return ApiError{"ServiceNotActiveException", "Service was not ACTIVE."};
}

ApiResult<const Service*> requestedExternalService(const Context& context) {
  BERTH_API_TRY(service, requestedActiveService(context));
  if (auto error = checkHasTaskSets(*service)) return *error;
  return service;
}

std::optional<ApiError> checkHasTaskSets(const Service& service) {
  if (service.controller == DeploymentController::External) return std::nullopt;
  return invalidParameter("Task sets are for services with the EXTERNAL deployment controller; that of " +
                          service.name + " is ECS.");
}

const TaskSet* findTaskSet(const Context& context, const Service& service, const std::string& reference) {
  if (!reference.starts_with("arn:")) return context.state().taskSet(service.key() + "/" + reference);
  const auto part = context.names.parseServicePart(reference, "task-set");
  if (!part || Service::keyOf(part->cluster, part->service) != service.key()) return nullptr;
  return context.state().taskSet(service.key() + "/" + part->id);
}

ApiResult<const TaskSet*> requestedTaskSet(const Context& context, const Service& service, const char* name) {
  const std::string reference = text(context.input, name);
  const TaskSet* set = findTaskSet(context, service, reference);
  if (set) return set;
  return ApiError{"TaskSetNotFoundException",
                  "The service " + service.name + " has no task set " + reference + "."};
}

const ServiceDeployment* findServiceDeployment(const Context& context, const std::string& arn) {
  const auto part = context.names.parseServicePart(arn, "service-deployment");
  if (!part) return nullptr;
  return context.state().serviceDeployment(Service::keyOf(part->cluster, part->service) + "/" + part->id);
}

const ServiceRevision* findServiceRevision(const Context& context, const std::string& arn) {
  const auto part = context.names.parseServicePart(arn, "service-revision");
  if (!part) return nullptr;
  return context.state().serviceRevision(Service::keyOf(part->cluster, part->service) + "/" + part->id);
}

ApiResult<const ServiceDeployment*> requestedServiceDeployment(const Context& context) {
  const std::string arn = text(context.input, "serviceDeploymentArn");
  const ServiceDeployment* deployment = findServiceDeployment(context, arn);
  if (deployment) return deployment;
  return ApiError{"ServiceDeploymentNotFoundException", "Service deployment not found: " + arn};
}

bool canRun(const State& state, const ServiceDeployment& deployment) {
  const std::string service = Service::keyOf(deployment.cluster, deployment.service);
  const ServiceRevision* revision = state.serviceRevision(service + "/" + deployment.target);
  return revision && state.definition(revision->taskDefinition);
}

std::vector<const TaskSet*> taskSetsInOrder(const State& state, const Service& service) {
  std::vector<const TaskSet*> sets = state.taskSetsOf(service.key());
  std::ranges::sort(sets, {}, [](const TaskSet* one) { return std::tuple(one->createdAt, one->id); });
  return sets;
}

}  // namespace berth::controller
