// StopServiceDeployment and ContinueServiceDeployment.
#include "controller/api/services/actions.hpp"
#include "controller/api/services/find.hpp"
#include "controller/api/services/render.hpp"

namespace berth::controller {

/// Only the wish is noted here: whoever rolls the service carries it out.
ApiResult<Json> stopServiceDeployment(Context& context) {
  BERTH_API_TRY(known, requestedServiceDeployment(context));
  const std::string arn = arnOf(context.names, *known);
  if (!known->open()) {
    ApiError conflict{"ConflictException", "The service deployment is " + std::string(name(known->status)) +
                                               " and can't be stopped any more: only one that is PENDING or "
                                               "IN_PROGRESS can."};
    conflict.extra = Json{{"resourceIds", {arn}}}.dump();
    return conflict;
  }
  ServiceDeployment stopped = *known;
  stopped.updatedAt = context.now.wall;
  stopped.stoppedBy = principalOf(context.caller, context.names);
  if (text(context.input, "stopType", "ROLLBACK") == "ABORT") {
    stopped.status = ServiceDeploymentStatus::StopRequested;
  } else {
    const ServiceDeployment* before =
        context.state().lastSuccessful(Service::keyOf(known->cluster, known->service));
    if (!before) {
      return invalidParameter("The service " + known->service +
                              " has no completed deployment to roll back to: use the stopType ABORT.");
    }
    if (!canRun(context.state(), *before)) {
      return invalidParameter("The task definition of the last completed deployment of the service " +
                              known->service +
                              " was deleted, so there is nothing to roll back to: use the stopType ABORT, or "
                              "update the service.");
    }
    stopped.status = ServiceDeploymentStatus::RollbackRequested;
    stopped.rollback =
        ServiceDeployment::Rollback{"Rollback requested by user.", context.now.wall, before->target};
  }
  context.tx.put(stopped);
  return Json{{"serviceDeploymentArn", arn}};
}

/// A PAUSE hook is part of strategies that shift traffic, so no deployment ever waits at one.
ApiResult<Json> continueServiceDeployment(Context& context) {
  BERTH_API_TRY(known, requestedServiceDeployment(context));
  return invalidParameter("The service deployment " + arnOf(context.names, *known) +
                          " has no lifecycle hook " + text(context.input, "hookId") +
                          " that awaits an action.");
}

}  // namespace berth::controller
