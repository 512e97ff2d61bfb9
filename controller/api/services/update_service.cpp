#include "controller/api/services/actions.hpp"
#include "controller/api/services/deploy.hpp"
#include "controller/api/services/find.hpp"
#include "controller/api/services/render.hpp"
#include "controller/api/services/settings.hpp"

namespace berth::controller {
namespace {

std::optional<ApiError> checkController(const Json& input, const Service& service) {
  const std::string wanted = text(input.value("deploymentController", Json::object()), "type",
                                  std::string(name(service.controller)));
  if (wanted != name(service.controller)) {
    return unsupported(
        "The deployment controller of a service can't be changed here: make another service "
        "with " +
        wanted + ".");
  }
  return service.controller == DeploymentController::External ? checkExternal(input) : std::nullopt;
}

/// What a deployment runs: another one is another deployment.
bool sameRevision(const Service& one, const Service& other) {
  return one.taskDefinition == other.taskDefinition &&
         launchMembers(one.launchType, parsed(one.document, Json::object())) ==
             launchMembers(other.launchType, parsed(other.document, Json::object()));
}

/// The definition of a service that is to be rolled out anew.
ApiResult<const TaskDefinition*> definitionToRoll(const Context& context, const Service& service) {
  BERTH_API_TRY(definition, findDefinition(context, service.taskDefinition, "TaskDefinition not found."));
  // An INACTIVE one that the service has may go on, but not one that is to go away.
  if (definition->deleteRequestedAt) return clientError("TaskDefinition is inactive");
  return definition;
}

void scale(Context& context, Service& service) {
  Deployment* primary = service.primary();
  if (!primary || primary->desiredCount == service.desiredCount) return;
  primary->desiredCount = service.desiredCount;
  primary->updatedAt = context.now.wall;
}

}  // namespace

ApiResult<Json> updateService(Context& context) {
  const Json& input = context.input;
  BERTH_API_TRY(known, requestedActiveService(context));
  if (auto error = checkController(input, *known)) return *error;
  Service service = *known;
  if (!text(input, "taskDefinition").empty()) {
    BERTH_API_TRY(given, usableDefinition(context, text(input, "taskDefinition")));
    service.taskDefinition = given->key();
  }
  if (auto error = takeSettings(input, service)) return *error;
  const bool external = service.controller == DeploymentController::External;
  const bool rolls =
      !external && (!sameRevision(*known, service) || input.value("forceNewDeployment", false));
  const TaskDefinition* present = context.state().definition(service.taskDefinition);
  Json definition = present ? parsed(present->document, Json::object()) : Json::object();
  if (rolls) {
    BERTH_API_TRY(rolled, definitionToRoll(context, service));
    definition = parsed(rolled->document, Json::object());
    const Json document = parsed(service.document, Json::object());
    const Cluster& cluster = *context.state().cluster(service.cluster);
    if (auto error = checkLaunch(context, cluster, service.launchType, document, definition)) return *error;
  }
  if (auto error = checkService(input, service, definition)) return *error;
  if (rolls) {
    beginDeployment(context, service, definition, 0);
  } else if (input.contains("desiredCount")) {
    scale(context, service);
  }
  context.tx.put(service);
  return Json{{"service", renderService(context.state(), context.names, service, true)}};
}

}  // namespace berth::controller
