#include "controller/api/services/settings.hpp"

#include <algorithm>

#include "controller/api/alarms.hpp"

namespace berth::controller {
namespace {

constexpr size_t kLongestServiceToken = 36;
constexpr int64_t kLongestBake = 1440;
constexpr size_t kMostAlarms = 100;

constexpr const char* kLaunchMembers[] = {"capacityProviderStrategy",
                                          "platformVersion",
                                          "networkConfiguration",
                                          "loadBalancers",
                                          "serviceRegistries",
                                          "volumeConfigurations",
                                          "serviceConnectConfiguration",
                                          "vpcLatticeConfigurations",
                                          "monitoring"};
constexpr const char* kOtherMembers[] = {"placementConstraints", "placementStrategy",
                                         "propagateTags",        "enableECSManagedTags",
                                         "enableExecuteCommand", "availabilityZoneRebalancing"};

void takeMember(const Json& input, const char* member, Json& document) {
  const auto given = input.find(member);
  if (given == input.end()) return;
  const bool nothing = given->is_string() ? given->get_ref<const std::string&>().empty() : given->empty();
  if (nothing) {
    document.erase(member);
  } else {
    document[member] = *given;
  }
}

std::optional<ApiError> takeBreaker(const Json& given, CircuitBreaker& breaker) {
  breaker.enabled = given.value("enable", false);
  breaker.rollback = given.value("rollback", false);
  breaker.resetOnHealthyTask = given.value("resetOnHealthyTask", true);
  const Json threshold = given.value("thresholdConfiguration", Json::object());
  const std::string type = text(threshold, "type", "BOUNDED_PERCENT");
  using Threshold = CircuitBreaker::Threshold;
  for (const Threshold one : {Threshold::BoundedPercent, Threshold::UnboundedPercent, Threshold::Count}) {
    if (type == name(one)) breaker.type = one;
  }
  breaker.value = threshold.value("value", CircuitBreaker{}.value);
  if (breaker.value >= 1) return std::nullopt;
  return invalidParameter("The value of a circuit breaker's thresholdConfiguration must be 1 or more, not " +
                          std::to_string(breaker.value) + ".");
}

std::optional<ApiError> takeAlarms(const Json& given, AlarmRules& rules) {
  rules.enabled = given.value("enable", false);
  rules.rollback = given.value("rollback", false);
  rules.names = given.value("alarmNames", std::vector<std::string>());
  for (const std::string& alarm : rules.names) {
    if (auto error = checkAlarmName(alarm)) return error;
  }
  if (rules.names.size() > kMostAlarms) {
    return invalidParameter("A service has up to " + std::to_string(kMostAlarms) + " alarmNames, not " +
                            std::to_string(rules.names.size()) + ".");
  }
  if (!rules.enabled || !rules.names.empty()) return std::nullopt;
  return invalidParameter("Deployment alarms that are enabled need alarmNames.");
}

/// How long the alarms of a finished rollout are watched.
std::optional<ApiError> takeBake(const Json& given, AlarmRules& rules) {
  if (given.contains("bakeTimeInMinutes")) {
    rules.bakeMinutes = given["bakeTimeInMinutes"].get<int64_t>();
  } else if (!rules.enabled) {
    rules.bakeMinutes.reset();
  }
  if (!rules.bakeMinutes || *rules.bakeMinutes == 0 || rules.enabled) return std::nullopt;
  return invalidParameter(
      "bakeTimeInMinutes of the strategy ROLLING is the time for which alarms watch a finished deployment: "
      "enable alarms, or set it to 0.");
}

/// The parts of a deploymentConfiguration that shift traffic from one revision to another.
std::optional<ApiError> checkShifting(const Json& given) {
  const std::string strategy = text(given, "strategy", "ROLLING");
  for (const auto& [member, of] :
       {std::pair("linearConfiguration", "LINEAR"), std::pair("canaryConfiguration", "CANARY")}) {
    if (given.contains(member) && strategy != of) {
      return invalidParameter(std::string(member) + " is for the deployment strategy " + of + ", not for " +
                              strategy + ".");
    }
  }
  const int64_t bake = given.value("bakeTimeInMinutes", int64_t{0});
  if (bake < 0 || bake > kLongestBake) {
    return invalidParameter("bakeTimeInMinutes must be between 0 and 1440, not " + std::to_string(bake) +
                            ".");
  }
  std::string what;
  if (strategy != "ROLLING") {
    what = "The deployment strategy " + strategy;
  } else if (!given.value("lifecycleHooks", Json::array()).empty()) {
    what = "lifecycleHooks";
  }
  if (what.empty()) return std::nullopt;
  return unsupported(what +
                     " needs a load balancer that shifts traffic between revisions, which Berth does "
                     "not have: use the strategy ROLLING alone.");
}

std::optional<ApiError> takeRules(const Json& given, Service& service) {
  service.rules.maximumPercent = given.value("maximumPercent", service.rules.maximumPercent);
  service.rules.minimumHealthyPercent =
      given.value("minimumHealthyPercent", service.rules.minimumHealthyPercent);
  if (given.contains("deploymentCircuitBreaker")) {
    if (auto error = takeBreaker(given["deploymentCircuitBreaker"], service.rules.breaker)) return error;
  }
  if (auto error = checkShifting(given)) return error;
  if (given.contains("alarms")) {
    if (auto error = takeAlarms(given["alarms"], service.rules.alarms)) return error;
  }
  return takeBake(given, service.rules.alarms);
}

}  // namespace

ApiError unsupported(std::string message) {
  return ApiError{"UnsupportedFeatureException", std::move(message)};
}

std::optional<ApiError> checkServiceToken(const Json& input) {
  return checkClientToken(input, kLongestServiceToken);
}

void takeLaunchMembers(const Json& input, Json& document) {
  for (const char* member : kLaunchMembers) takeMember(input, member, document);
}

void replaceLaunchMembers(const Json& by, Json& document) {
  for (const char* member : kLaunchMembers) document.erase(member);
  takeLaunchMembers(by, document);
}

Json launchMembers(const std::string& launchType, const Json& document) {
  Json out = Json::object();
  for (const char* member : kLaunchMembers) takeMember(document, member, out);
  if (!out.contains("capacityProviderStrategy")) out["launchType"] = launchType;
  return out;
}

std::optional<ApiError> takeSettings(const Json& input, Service& service) {
  Json document = parsed(service.document, Json::object());
  takeLaunchMembers(input, document);
  for (const char* member : kOtherMembers) takeMember(input, member, document);
  if (input.contains("deploymentConfiguration")) {
    if (auto error = takeRules(input["deploymentConfiguration"], service)) return error;
  }
  service.desiredCount = input.value("desiredCount", service.desiredCount);
  service.healthCheckGrace = input.value("healthCheckGracePeriodSeconds", service.healthCheckGrace);
  service.launchType = text(input, "launchType", service.launchType);
  service.document = document.dump();
  return std::nullopt;
}

ApiResult<const TaskDefinition*> usableDefinition(const Context& context, const std::string& reference) {
  if (reference.empty()) return invalidParameter("TaskDefinition can not be blank.");
  BERTH_API_TRY(definition, findDefinition(context, reference, "TaskDefinition not found."));
  if (!definition->active) return clientError("TaskDefinition is inactive");
  return definition;
}

}  // namespace berth::controller
