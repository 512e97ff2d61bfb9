// Rules that members of a service or task set must keep beyond their shapes.
#include <algorithm>

#include "controller/api/definition_rules.hpp"
#include "controller/api/launch.hpp"
#include "controller/api/services/settings.hpp"
#include "controller/api/task_shape.hpp"
#include "controller/discovery/endpoint.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostTargetGroups = 5;

bool opensPort(const Json& container, int64_t port) {
  const Json ports = container.value("portMappings", Json::array());
  return std::ranges::any_of(ports,
                             [&](const Json& one) { return one.value("containerPort", int64_t{0}) == port; });
}

/// Members containerName and containerPort of `user` name a port of the definition's.
std::optional<ApiError> checkPort(const Json& user, const Json& definition) {
  const std::string wanted = text(user, "containerName");
  const int64_t port = user.value("containerPort", int64_t{0});
  const Json containers = definition.value("containerDefinitions", Json::array());
  const auto found =
      std::ranges::find_if(containers, [&](const Json& one) { return text(one, "name") == wanted; });
  if (found == containers.end()) {
    return invalidParameter("The container " + wanted + " does not exist in the task definition.");
  }
  if (opensPort(*found, port)) return std::nullopt;
  return invalidParameter("The container " + wanted + " did not have a container port " +
                          std::to_string(port) + " defined.");
}

std::optional<ApiError> checkLoadBalancer(const Json& balancer, const Json& definition) {
  const bool group = !text(balancer, "targetGroupArn").empty();
  const bool classic = !text(balancer, "loadBalancerName").empty();
  if (group == classic) {
    return invalidParameter("A load balancer needs either a targetGroupArn or a loadBalancerName.");
  }
  return checkPort(balancer, definition);
}

std::optional<ApiError> checkRegistry(const Json& registry, const Json& definition) {
  if (text(registry, "containerName").empty() || !registry.contains("containerPort") ||
      registry.contains("port")) {
    return invalidParameter(
        "A service registry needs a containerName and a containerPort of the task definition; a port alone "
        "is "
        "for the network mode awsvpc.");
  }
  return checkPort(registry, definition);
}

std::optional<ApiError> checkLoadBalancing(const Json& document, const Json& definition) {
  size_t groups = 0;
  size_t classic = 0;
  for (const Json& balancer : document.value("loadBalancers", Json::array())) {
    if (auto error = checkLoadBalancer(balancer, definition)) return error;
    ++(balancer.contains("targetGroupArn") ? groups : classic);
  }
  if (groups > kMostTargetGroups || classic > 1) {
    return invalidParameter("A service can have up to 5 target groups, and 1 Classic Load Balancer.");
  }
  const Json registries = document.value("serviceRegistries", Json::array());
  if (registries.size() > 1) return invalidParameter("A service can have up to 1 service registry.");
  for (const Json& registry : registries) {
    if (auto error = checkRegistry(registry, definition)) return error;
  }
  return std::nullopt;
}

/// What of AWS a service would need that Berth does not have.
std::optional<ApiError> checkOffered(const std::string& launchType, const Json& document) {
  if (launchType != "EC2" && launchType != "EXTERNAL") {
    return unsupported("Launch type " + launchType +
                       " needs hosts that AWS provides, which Berth does not have: use EC2 or EXTERNAL.");
  }
  static constexpr std::pair<const char*, const char*> kNeeds[] = {
      {"loadBalancers", "Elastic Load Balancing"},
      {"volumeConfigurations", "Amazon EBS"},
      {"vpcLatticeConfigurations", "Amazon VPC Lattice"},
      {"monitoring", "Amazon CloudWatch"}};
  for (const auto& [member, of] : kNeeds) {
    if (document.contains(member)) {
      return unsupported(std::string(member) + " needs " + of + ", which Berth does not have: leave it out.");
    }
  }
  if (document.value("serviceConnectConfiguration", Json::object()).value("enabled", false)) {
    return unsupported(
        "Service Connect needs a namespace of AWS Cloud Map, which Berth does not have: leave "
        "serviceConnectConfiguration out.");
  }
  return std::nullopt;
}

std::optional<ApiError> checkDaemon(const Json& input, const Service& service, const Json& document) {
  if (input.contains("desiredCount")) {
    return invalidParameter(
        "The daemon scheduling strategy does not support a desired count for services. Remove the desired "
        "count value and try again");
  }
  if (document.contains("placementStrategy")) {
    return invalidParameter(
        "The daemon scheduling strategy does not support placement strategies for services. Remove the "
        "placement strategy value and try again");
  }
  if (service.rules.maximumPercent != 100) {
    return invalidParameter(
        "The maximumPercent of a service with the daemon scheduling strategy must be "
        "100, not " +
        std::to_string(service.rules.maximumPercent) + ".");
  }
  return std::nullopt;
}

std::optional<ApiError> checkNumbers(const Service& service) {
  if (service.desiredCount < 0) {
    return invalidParameter("desiredCount must be 0 or more, not " + std::to_string(service.desiredCount) +
                            ".");
  }
  if (service.healthCheckGrace < 0) {
    return invalidParameter("healthCheckGracePeriodSeconds must be 0 or more, not " +
                            std::to_string(service.healthCheckGrace) + ".");
  }
  if (service.rules.maximumPercent < 100) {
    return invalidParameter("maximumPercent must be 100 or more, not " +
                            std::to_string(service.rules.maximumPercent) + ".");
  }
  if (service.rules.minimumHealthyPercent < 0 || service.rules.minimumHealthyPercent > 100) {
    return invalidParameter("minimumHealthyPercent must be between 0 and 100, not " +
                            std::to_string(service.rules.minimumHealthyPercent) + ".");
  }
  return std::nullopt;
}

}  // namespace

std::optional<ApiError> checkLaunch(const Context& context, const Cluster& cluster,
                                    const std::string& launchType, const Json& document,
                                    const Json& definition) {
  const Json strategy = document.value("capacityProviderStrategy", Json::array());
  if (document.contains("platformVersion") && (launchType == "EC2" || launchType == "EXTERNAL")) {
    return invalidParameter("The platform version must be null when specifying an " + launchType +
                            " launch type.");
  }
  const auto fits = compatibilitiesOf(definition).get<std::vector<std::string>>();
  if (launchType != "MANAGED_INSTANCES" && std::ranges::find(fits, launchType) == fits.end()) {
    return invalidParameter("Task definition does not support launch_type " + launchType + ".");
  }
  if (auto error = checkLoadBalancing(document, definition)) return error;
  if (auto error = checkNetwork(document, definition.value("networkMode", "") == "awsvpc")) return error;
  if (auto error = checkStrategy(context, cluster, strategy)) return error;
  if (auto error = checkOffered(launchType, document)) return error;
  if (const std::string feature = unsupportedFeature(definition); !feature.empty()) {
    return unsupported("The task definition uses " + feature + " which this version of Berth can't run yet.");
  }
  return std::nullopt;
}

std::optional<ApiError> checkService(const Json& input, const Service& service, const Json& definition) {
  const Json document = parsed(service.document, Json::object());
  if (auto error = checkNumbers(service)) return error;
  if (service.scheduling == SchedulingStrategy::Daemon) {
    if (auto error = checkDaemon(input, service, document)) return error;
  }
  if (service.controller == DeploymentController::External && service.rules.breaker.enabled) {
    return invalidParameter(
        "A deployment circuit breaker is for services with the ECS deployment "
        "controller: leave it out.");
  }
  if (service.controller == DeploymentController::External && service.rules.alarms.enabled) {
    return invalidParameter(
        "Deployment alarms are for services with the ECS deployment controller: leave alarms out.");
  }
  if (document.contains("serviceRegistries") && !isLabel(service.name) && !namingOf(service)) {
    return invalidParameter("A service with a service registry is found by its name in DNS, and " +
                            service.name +
                            " has more than 63 characters: give it another name by the tag berth:dns.");
  }
  const auto placement =
      placementOf(document, definition, service.cluster, serviceGroup(service.name), Resources{});
  if (const auto* error = std::get_if<ApiError>(&placement)) return *error;
  return std::nullopt;
}

std::optional<ApiError> checkChoice(const Json& input) {
  const bool strategy = !input.value("capacityProviderStrategy", Json::array()).empty();
  if (!strategy || !input.contains("launchType")) return std::nullopt;
  return invalidParameter("Specify either launchType or capacityProviderStrategy, not both.");
}

std::optional<ApiError> checkExternal(const Json& input) {
  Json theirs = Json::object();
  takeLaunchMembers(input, theirs);
  for (const char* member : {"taskDefinition", "launchType"}) {
    if (!text(input, member).empty()) theirs[member] = input[member];
  }
  if (input.value("forceNewDeployment", false)) theirs["forceNewDeployment"] = true;
  if (theirs.empty()) return std::nullopt;
  return invalidParameter(theirs.begin().key() +
                          " can't be given to a service with the EXTERNAL deployment controller: its task "
                          "sets have their own, see CreateTaskSet.");
}

}  // namespace berth::controller
