// The services, task sets and deployments that requests mean.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// The service of members "cluster" and "service". ServiceNotFoundException "Service not found."
ApiResult<const Service*> requestedService(const Context& context);
/// As above; ServiceNotActiveException "Service was not ACTIVE." when it is being deleted or was.
ApiResult<const Service*> requestedActiveService(const Context& context);
/// As above, of a service that has task sets: see checkHasTaskSets().
ApiResult<const Service*> requestedExternalService(const Context& context);

/// Task sets are for services with the EXTERNAL controller: InvalidParameterException for others.
std::optional<ApiError> checkHasTaskSets(const Service& service);

/// The task set of `service` that an id ("ecs-svc/N") or ARN means; nullptr when there is none.
const TaskSet* findTaskSet(const Context& context, const Service& service, const std::string& reference);
/// As above for the member `name`; TaskSetNotFoundException.
ApiResult<const TaskSet*> requestedTaskSet(const Context& context, const Service& service, const char* name);

/// The deployment or revision that an ARN means; nullptr when there is none.
const ServiceDeployment* findServiceDeployment(const Context& context, const std::string& arn);
const ServiceRevision* findServiceRevision(const Context& context, const std::string& arn);
/// The deployment of member "serviceDeploymentArn"; ServiceDeploymentNotFoundException.
ApiResult<const ServiceDeployment*> requestedServiceDeployment(const Context& context);

/// Whether a deployment's target can be run again: its revision and the definition of that are there.
bool canRun(const State& state, const ServiceDeployment& deployment);

/// The task sets of a service in the order of their creation.
std::vector<const TaskSet*> taskSetsInOrder(const State& state, const Service& service);

}  // namespace berth::controller
