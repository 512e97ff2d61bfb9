#include "controller/api/services/render.hpp"

#include <algorithm>

#include "controller/api/placement.hpp"
#include "controller/api/services/find.hpp"
#include "controller/api/services/settings.hpp"

namespace berth::controller {
namespace {

constexpr const char* kListMembers[] = {"loadBalancers", "serviceRegistries", "placementConstraints",
                                        "placementStrategy"};

void putText(Json& out, const char* name, const std::string& value) {
  if (!value.empty()) out[name] = value;
}

std::string revisionArn(const ecs::Names& names, const Service& service, const std::string& id) {
  return names.servicePart("service-revision", {service.cluster, service.name, id});
}

Json breakerOf(const CircuitBreaker& breaker) {
  Json out{{"enable", breaker.enabled}, {"rollback", breaker.rollback}};
  const CircuitBreaker usual;
  if (breaker.resetOnHealthyTask != usual.resetOnHealthyTask) {
    out["resetOnHealthyTask"] = breaker.resetOnHealthyTask;
  }
  if (breaker.type != usual.type || breaker.value != usual.value) {
    out["thresholdConfiguration"] = Json{{"type", name(breaker.type)}, {"value", breaker.value}};
  }
  return out;
}

Json renderDeployment(const State& state, const ecs::Names& names, const Service& service,
                      const Deployment& deployment, const TaskCounts& counts) {
  const Json launch = launchOf(state, service, deployment);
  Json out = Json::object();
  for (const char* member :
       {"launchType", "capacityProviderStrategy", "networkConfiguration", "serviceConnectConfiguration"}) {
    if (launch.contains(member)) out[member] = launch[member];
  }
  const bool daemon = service.scheduling == SchedulingStrategy::Daemon && deployment.primary;
  out["id"] = deployment.id;
  out["status"] = deployment.primary ? "PRIMARY" : "ACTIVE";
  out["taskDefinition"] = names.taskDefinition(deployment.taskDefinition).str();
  out["desiredCount"] = daemon ? wantedBy(state, service) : deployment.desiredCount;
  out["runningCount"] = counts.running;
  out["pendingCount"] = counts.pending;
  out["failedTasks"] = deployment.failedTasks;
  out["createdAt"] = toEpochSeconds(deployment.createdAt);
  out["updatedAt"] = toEpochSeconds(deployment.updatedAt);
  out["rolloutState"] = name(deployment.rollout);
  out["rolloutStateReason"] = deployment.rolloutReason;
  return out;
}

void putDeployments(Json& out, const State& state, const ecs::Names& names, const Service& service,
                    std::map<std::string, TaskCounts>& counts) {
  Json deployments = Json::array();
  Json revisions = Json::array();
  for (const Deployment& one : service.deployments) {
    deployments.push_back(renderDeployment(state, names, service, one, counts[one.id]));
    revisions.push_back({{"arn", revisionArn(names, service, one.revision)},
                         {"requestedTaskCount", deployments.back()["desiredCount"]},
                         {"runningTaskCount", counts[one.id].running},
                         {"pendingTaskCount", counts[one.id].pending}});
  }
  out["deployments"] = std::move(deployments);
  if (const Deployment* primary = service.primary()) {
    out["currentServiceDeployment"] =
        names.servicePart("service-deployment", {service.cluster, service.name, primary->serviceDeployment});
    out["currentServiceRevisions"] = std::move(revisions);
  }
  if (service.controller != DeploymentController::External) return;
  out["taskSets"] = Json::array();
  for (const TaskSet* set : taskSetsInOrder(state, service)) {
    out["taskSets"].push_back(renderTaskSet(state, names, service, *set, false));
  }
}

Json renderEvents(const Service& service) {
  Json out = Json::array();
  for (const ServiceEvent& event : service.events) {
    out.push_back(
        {{"id", event.id}, {"createdAt", toEpochSeconds(event.createdAt)}, {"message", event.message}});
  }
  return out;
}

}  // namespace

Json launchOf(const State& state, const Service& service, const Deployment& deployment) {
  if (deployment.primary) return launchMembers(service.launchType, parsed(service.document, Json::object()));
  const ServiceRevision* revision = state.serviceRevision(service.key() + "/" + deployment.revision);
  return revision ? parsed(revision->document, Json::object()) : Json::object();
}

std::string arnOf(const ecs::Names& names, const Service& service) {
  return (service.oldArn ? names.oldService(service.name) : names.service(service.cluster, service.name))
      .str();
}
std::string arnOf(const ecs::Names& names, const TaskSet& set) {
  return names.servicePart("task-set", {set.cluster, set.service, set.id});
}
std::string arnOf(const ecs::Names& names, const ServiceDeployment& deployment) {
  return names.servicePart("service-deployment", {deployment.cluster, deployment.service, deployment.id});
}
std::string arnOf(const ecs::Names& names, const ServiceRevision& revision) {
  return names.servicePart("service-revision", {revision.cluster, revision.service, revision.id});
}
std::string serviceArnOf(const State& state, const ecs::Names& names, const std::string& cluster,
                         const std::string& name) {
  const Service* service = state.service(Service::keyOf(cluster, name));
  return service ? arnOf(names, *service) : names.service(cluster, name).str();
}

std::map<std::string, TaskCounts> countsOf(const State& state, const Service& service) {
  std::map<std::string, TaskCounts> out;
  for (const Task* task : state.tasksOf(service.key())) {
    for (TaskCounts* counts : {&out[""], &out[task->startedBy]}) {
      counts->running += task->lastStatus == TaskStatus::Running;
      counts->pending += task->lastStatus == TaskStatus::Pending;
    }
  }
  return out;
}

std::vector<std::string> daemonHosts(const State& state, const Service& service) {
  std::vector<std::string> out;
  const TaskDefinition* definition = state.definition(service.taskDefinition);
  if (!definition || service.status != ServiceStatus::Active) return out;
  const auto placement =
      placementOf(parsed(service.document, Json::object()), parsed(definition->document, Json::object()),
                  service.cluster, serviceGroup(service.name), Resources{});
  const auto* request = std::get_if<PlacementRequest>(&placement);
  if (!request) return out;
  const auto allowed = [&](const Fleet::Member& member) {
    if (member.instance->status != "ACTIVE" || staticUnfit(member, *request)) return false;
    return std::ranges::all_of(request->expressions, [&](const Expression& one) {
      return one.query.matches(queriedOf(*member.instance, *member.load));
    });
  };
  for (const Fleet::Slot slot : state.fleet().in(service.cluster)) {
    const Fleet::Member& member = state.fleet().at(slot);
    if (allowed(member)) out.push_back(member.instance->id);
  }
  return out;
}

int64_t wantedBy(const State& state, const Service& service) {
  if (service.scheduling != SchedulingStrategy::Daemon) return service.desiredCount;
  return std::ssize(daemonHosts(state, service));
}

Json deploymentConfigurationOf(const Service& service) {
  const AlarmRules& alarms = service.rules.alarms;
  Json out{
      {"deploymentCircuitBreaker", breakerOf(service.rules.breaker)},
      {"maximumPercent", service.rules.maximumPercent},
      {"minimumHealthyPercent", service.rules.minimumHealthyPercent},
      {"strategy", "ROLLING"},
      {"alarms", {{"alarmNames", alarms.names}, {"enable", alarms.enabled}, {"rollback", alarms.rollback}}}};
  if (alarms.bakeMinutes) out["bakeTimeInMinutes"] = *alarms.bakeMinutes;
  return out;
}

Json renderService(const State& state, const ecs::Names& names, const Service& service, bool withTags) {
  const Json document = parsed(service.document, Json::object());
  auto counts = countsOf(state, service);
  Json out = launchMembers(service.launchType, document);
  // It is shown with the deployments alone.
  out.erase("serviceConnectConfiguration");
  for (const char* member : kListMembers) out[member] = document.value(member, Json::array());
  out["serviceArn"] = arnOf(names, service);
  out["serviceName"] = service.name;
  out["clusterArn"] = names.cluster(service.cluster).str();
  out["status"] = name(service.status);
  out["desiredCount"] = wantedBy(state, service);
  out["runningCount"] = counts[""].running;
  out["pendingCount"] = counts[""].pending;
  if (!service.taskDefinition.empty())
    out["taskDefinition"] = names.taskDefinition(service.taskDefinition).str();
  out["deploymentConfiguration"] = deploymentConfigurationOf(service);
  putDeployments(out, state, names, service, counts);
  out["events"] = renderEvents(service);
  out["createdAt"] = toEpochSeconds(service.createdAt);
  putText(out, "createdBy", service.createdBy);
  out["healthCheckGracePeriodSeconds"] = service.healthCheckGrace;
  out["schedulingStrategy"] = name(service.scheduling);
  out["deploymentController"] = Json{{"type", name(service.controller)}};
  out["enableECSManagedTags"] = document.value("enableECSManagedTags", false);
  out["enableExecuteCommand"] = document.value("enableExecuteCommand", false);
  out["propagateTags"] = document.value("propagateTags", "NONE");
  out["availabilityZoneRebalancing"] = document.value("availabilityZoneRebalancing", "ENABLED");
  out["resourceManagementType"] = "CUSTOMER";
  if (withTags) out["tags"] = parsed(service.tags, Json::array());
  return out;
}

}  // namespace berth::controller
