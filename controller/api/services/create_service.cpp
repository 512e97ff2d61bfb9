#include "controller/api/account_settings.hpp"
#include "controller/api/services/actions.hpp"
#include "controller/api/services/deploy.hpp"
#include "controller/api/services/render.hpp"
#include "controller/api/services/settings.hpp"
#include "controller/api/tags.hpp"
#include "controller/model/service_upkeep.hpp"

namespace berth::controller {
namespace {

/// The scheduling strategy and the deployment controller of a new service, with the defaults that follow.
std::optional<ApiError> takeKind(const Json& input, Service& service) {
  const std::string controller = text(input.value("deploymentController", Json::object()), "type", "ECS");
  if (controller == "EXTERNAL") service.controller = DeploymentController::External;
  if (text(input, "schedulingStrategy") == "DAEMON") {
    if (controller != "ECS") {
      return invalidParameter("The daemon scheduling strategy is not supported with the " + controller +
                              " deployment controller: use ECS.");
    }
    service.scheduling = SchedulingStrategy::Daemon;
    service.rules.maximumPercent = 100;
    service.rules.minimumHealthyPercent = 0;
  } else if (controller != "EXTERNAL" && !input.contains("desiredCount")) {
    return invalidParameter("A service with the REPLICA scheduling strategy needs a desiredCount.");
  }
  if (controller != "CODE_DEPLOY") return std::nullopt;
  if (text(input, "taskDefinition").empty()) return invalidParameter("TaskDefinition can not be blank.");
  return unsupported(
      "The CODE_DEPLOY deployment controller needs AWS CodeDeploy, which Berth does not have: "
      "use ECS, or EXTERNAL with task sets.");
}

/// A role is for a load balancer that is reached without awsvpc.
std::optional<ApiError> checkRole(const Json& input) {
  const bool balanced = !input.value("loadBalancers", Json::array()).empty();
  if (text(input, "role").empty() || balanced) return std::nullopt;
  return invalidParameter("IAM roles are only valid for services configured to use load balancers.");
}

/// Tags need an ARN that tells the cluster.
std::optional<ApiError> checkTaggable(const Service& service, const std::string& tags) {
  if (!service.oldArn || parsed(tags, Json::array()).empty()) return std::nullopt;
  return invalidParameter(
      "The new ARN and resource ID format must be enabled to add tags to the service. Set the account "
      "setting serviceLongArnFormat to enabled and try again.");
}

std::optional<ApiError> takeDefinition(const Context& context, const Cluster& cluster, Service& service,
                                       Json& document) {
  if (service.controller == DeploymentController::External) return checkExternal(context.input);
  const auto found = usableDefinition(context, text(context.input, "taskDefinition"));
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  const TaskDefinition* definition = std::get<0>(found);
  service.taskDefinition = definition->key();
  document = parsed(definition->document, Json::object());
  Json settings = parsed(service.document, Json::object());
  // A daemon is on all instances of its cluster.
  if (service.scheduling == SchedulingStrategy::Replica)
    takeDefaultStrategy(context.input, cluster, settings);
  service.document = settings.dump();
  return checkLaunch(context, cluster, service.launchType, settings, document);
}

/// The service that the request describes, and the document of its definition.
ApiResult<Service> described(const Context& context, const Cluster& cluster, Json& definition) {
  const Json& input = context.input;
  Service service;
  service.cluster = cluster.name;
  service.name = text(input, "serviceName");
  service.oldArn = settingInForce(context, "serviceLongArnFormat") == "disabled";
  service.launchType = "EC2";
  if (auto error = takeKind(input, service)) return *error;
  if (auto error = checkChoice(input)) return *error;
  if (auto error = checkRole(input)) return *error;
  if (auto error = takeSettings(input, service)) return *error;
  if (auto error = takeDefinition(context, cluster, service, definition)) return *error;
  BERTH_API_TRY(tags, givenTags(input));
  if (auto error = checkTaggable(service, tags)) return *error;
  service.tags = std::move(tags);
  if (auto error = checkService(input, service, definition)) return *error;
  service.clientToken = text(input, "clientToken");
  service.requestHash = requestHash(input);
  service.createdBy = "arn:aws:iam::" + context.names.account + ":user/" + context.caller.accessKeyId;
  service.createdAt = context.now.wall;
  return service;
}

/// Whether a service is as another call would make it.
bool sameSettings(Service one, const Service& other) {
  one.deployments = other.deployments;
  one.events = other.events;
  one.clientToken = other.clientToken;
  one.requestHash = other.requestHash;
  one.oldArn = other.oldArn;
  one.createdBy = other.createdBy;
  one.createdAt = other.createdAt;
  return one == other;
}

/// The answer where a service of that name is there. Its creation may be repeated: with the same token that
/// is so whatever became of the service, before all other checks; else what is asked for must be what is
/// there.
std::optional<ApiResult<Json>> present(const Context& context, const Service& service) {
  if (service.status == ServiceStatus::Draining) {
    return invalidParameter("Unable to Start a service that is still Draining.");
  }
  const std::string token = text(context.input, "clientToken");
  const bool repeated =
      !token.empty() && token == service.clientToken && service.requestHash == requestHash(context.input);
  if (!repeated) return std::nullopt;
  return Json{{"service", renderService(context.state(), context.names, service, true)}};
}

}  // namespace

ApiResult<Json> createService(Context& context) {
  const std::string name = text(context.input, "serviceName");
  if (!ecs::isName(name)) {
    return invalidParameter("serviceName must have up to 255 letters, digits, '_' and '-'.");
  }
  if (auto error = checkServiceToken(context.input)) return *error;
  BERTH_API_TRY(cluster, findCluster(context));
  const Service* known = context.state().service(Service::keyOf(cluster->name, name));
  if (known && known->status == ServiceStatus::Inactive) known = nullptr;
  if (known) {
    if (auto answer = present(context, *known)) return *answer;
  }
  Json definition = Json::object();
  BERTH_API_TRY(service, described(context, *cluster, definition));
  if (known) {
    if (!sameSettings(*known, service)) return invalidParameter("Creation of service was not idempotent.");
    return Json{{"service", renderService(context.state(), context.names, *known, true)}};
  }
  forgetHistory(context.tx, service.key());
  if (service.controller == DeploymentController::Ecs) {
    beginDeployment(context, service, definition, service.desiredCount);
  }
  context.tx.put(service);
  return Json{{"service", renderService(context.state(), context.names, service, true)}};
}

}  // namespace berth::controller
