// Task sets, service deployments and revisions as the API shows them.
#include <algorithm>

#include "controller/api/services/render.hpp"
#include "controller/api/services/settings.hpp"

namespace berth::controller {
namespace {

void putMoment(Json& out, const char* name, const std::optional<WallTime>& time) {
  if (time) out[name] = toEpochSeconds(*time);
}

/// {"arn", "requestedTaskCount", ...} of a revision, with the tasks that it has at present.
Json revisionSummary(const State& state, const ecs::Names& names, const ServiceDeployment& of,
                     const std::string& revision, int64_t requested) {
  TaskCounts counts;
  const Service* service = state.service(Service::keyOf(of.cluster, of.service));
  if (service) {
    auto all = countsOf(state, *service);
    for (const Deployment& one : service->deployments) {
      if (one.revision == revision) counts = all[one.id];
    }
  }
  return Json{{"arn", names.servicePart("service-revision", {of.cluster, of.service, revision})},
              {"requestedTaskCount", requested},
              {"runningTaskCount", counts.running},
              {"pendingTaskCount", counts.pending}};
}

/// The service's own deployment that is this one; null when it is over.
const Deployment* currentOf(const State& state, const ServiceDeployment& deployment) {
  const Service* service = state.service(Service::keyOf(deployment.cluster, deployment.service));
  if (!service) return nullptr;
  const auto found = std::ranges::find(service->deployments, deployment.id, &Deployment::serviceDeployment);
  return found == service->deployments.end() ? nullptr : &*found;
}

}  // namespace

Json renderTaskSet(const State& state, const ecs::Names& names, const Service& service, const TaskSet& set,
                   bool withTags) {
  const auto counts = countsOf(state, service);
  const auto own = counts.find(set.id);
  const TaskCounts tasks = own == counts.end() ? TaskCounts{} : own->second;
  Json out = launchMembers(set.launchType, parsed(set.document, Json::object()));
  out.emplace("loadBalancers", Json::array());
  out.emplace("serviceRegistries", Json::array());
  out["id"] = set.id;
  out["taskSetArn"] = arnOf(names, set);
  out["serviceArn"] = arnOf(names, service);
  out["clusterArn"] = names.cluster(set.cluster).str();
  if (!set.externalId.empty()) out["externalId"] = set.externalId;
  out["status"] = name(set.status);
  out["taskDefinition"] = names.taskDefinition(set.taskDefinition).str();
  out["computedDesiredCount"] = set.desiredOf(service.desiredCount);
  out["runningCount"] = tasks.running;
  out["pendingCount"] = tasks.pending;
  out["scale"] = Json{{"value", set.scale}, {"unit", "PERCENT"}};
  out["stabilityStatus"] = set.steady ? "STEADY_STATE" : "STABILIZING";
  out["stabilityStatusAt"] = toEpochSeconds(set.steadyAt);
  out["createdAt"] = toEpochSeconds(set.createdAt);
  out["updatedAt"] = toEpochSeconds(set.updatedAt);
  if (withTags) out["tags"] = parsed(set.tags, Json::array());
  return out;
}

Json renderBrief(const State& state, const ecs::Names& names, const ServiceDeployment& deployment) {
  Json out{
      {"serviceDeploymentArn", arnOf(names, deployment)},
      {"serviceArn", serviceArnOf(state, names, deployment.cluster, deployment.service)},
      {"clusterArn", names.cluster(deployment.cluster).str()},
      {"createdAt", toEpochSeconds(deployment.createdAt)},
      {"targetServiceRevisionArn",
       names.servicePart("service-revision", {deployment.cluster, deployment.service, deployment.target})},
      {"status", name(deployment.status)}};
  if (!deployment.statusReason.empty()) out["statusReason"] = deployment.statusReason;
  putMoment(out, "startedAt", deployment.startedAt);
  putMoment(out, "finishedAt", deployment.finishedAt);
  return out;
}

Json renderServiceDeployment(const State& state, const ecs::Names& names,
                             const ServiceDeployment& deployment) {
  const Deployment* current = currentOf(state, deployment);
  const Service* service = state.service(Service::keyOf(deployment.cluster, deployment.service));
  const bool goesOn = current && !deployment.finished();
  // The deployment that a rollback runs counts for itself.
  const bool counts = current && deployment.status != ServiceDeploymentStatus::RollbackInProgress &&
                      deployment.status != ServiceDeploymentStatus::RollbackSuccessful &&
                      deployment.status != ServiceDeploymentStatus::RollbackFailed;
  const int64_t requested = goesOn ? wantedBy(state, *service) : deployment.requestedCount;
  Json out = renderBrief(state, names, deployment);
  out.erase("targetServiceRevisionArn");
  out["updatedAt"] = toEpochSeconds(deployment.updatedAt);
  putMoment(out, "stoppedAt", deployment.stoppedAt);
  out["sourceServiceRevisions"] = Json::array();
  for (const std::string& source : deployment.sources) {
    out["sourceServiceRevisions"].push_back(revisionSummary(state, names, deployment, source, 0));
  }
  out["targetServiceRevision"] = revisionSummary(state, names, deployment, deployment.target, requested);
  out["deploymentConfiguration"] = parsed(deployment.configuration, Json::object());
  out["deploymentCircuitBreaker"] =
      Json{{"status", name(deployment.breaker)},
           {"failureCount", counts ? current->failedTasks : deployment.failures},
           {"threshold", deployment.threshold}};
  out["alarms"] = Json{{"status", name(deployment.alarms)}};
  const Json configuration = parsed(deployment.configuration, Json::object());
  if (deployment.alarms != BreakerStatus::Disabled) {
    out["alarms"]["alarmNames"] =
        configuration.value("alarms", Json::object()).value("alarmNames", Json::array());
    out["alarms"]["triggeredAlarmNames"] = deployment.triggered;
  }
  if (deployment.rollback) {
    out["rollback"] = Json{
        {"reason", deployment.rollback->reason},
        {"startedAt", toEpochSeconds(deployment.rollback->startedAt)},
        {"serviceRevisionArn", names.servicePart("service-revision", {deployment.cluster, deployment.service,
                                                                      deployment.rollback->revision})}};
  }
  return out;
}

Json renderRevision(const State& state, const ecs::Names& names, const ServiceRevision& revision) {
  Json out = parsed(revision.document, Json::object());
  out["serviceRevisionArn"] = arnOf(names, revision);
  out["serviceArn"] = serviceArnOf(state, names, revision.cluster, revision.service);
  out["clusterArn"] = names.cluster(revision.cluster).str();
  out["taskDefinition"] = names.taskDefinition(revision.taskDefinition).str();
  out["createdAt"] = toEpochSeconds(revision.createdAt);
  return out;
}

}  // namespace berth::controller
