#include "controller/api/services/deploy.hpp"

#include <algorithm>

#include "controller/api/services/render.hpp"
#include "controller/api/services/settings.hpp"
#include "controller/model/service_upkeep.hpp"

namespace berth::controller {
namespace {

constexpr size_t kIdLength = 21;

/// 19 digits, as those of the service have.
std::string newNumber(Random& random) {
  constexpr uint64_t kLeast = 1'000'000'000'000'000'000;
  return std::to_string(kLeast + random.below(8 * kLeast));
}

ServiceRevision newRevision(Context& context, const Service& service, const Json& definition) {
  Json document = launchMembers(service.launchType, parsed(service.document, Json::object()));
  document["containerImages"] = Json::array();
  for (const Json& container : definition.value("containerDefinitions", Json::array())) {
    document["containerImages"].push_back(
        {{"containerName", text(container, "name")}, {"image", text(container, "image")}});
  }
  ServiceRevision out;
  out.cluster = service.cluster;
  out.service = service.name;
  out.id = newNumber(context.random);
  out.taskDefinition = service.taskDefinition;
  out.document = document.dump();
  out.createdAt = context.now.wall;
  return out;
}

ServiceDeployment newServiceDeployment(Context& context, const Service& service,
                                       const ServiceRevision& revision) {
  ServiceDeployment out;
  out.cluster = service.cluster;
  out.service = service.name;
  out.id = randomAlnum(context.random, kIdLength);
  for (const Deployment& source : service.deployments) out.sources.push_back(source.revision);
  out.target = revision.id;
  out.requestedCount = wantedBy(context.state(), service);
  out.configuration = deploymentConfigurationOf(service).dump();
  if (service.rules.breaker.enabled) out.breaker = BreakerStatus::Monitoring;
  out.threshold = service.rules.breaker.thresholdFor(out.requestedCount);
  if (service.rules.alarms.enabled) out.alarms = BreakerStatus::Monitoring;
  for (const std::string& alarm : service.rules.alarms.names) {
    const Alarm* known = context.state().alarm(alarm);
    if (known && known->state == AlarmState::Alarm) out.ringing.push_back(alarm);
  }
  out.createdAt = context.now.wall;
  out.updatedAt = context.now.wall;
  return out;
}

/// What becomes of the deployments before a new one.
void demote(Context& context, Service& service) {
  std::erase_if(service.deployments, [&](const Deployment& one) {
    return !one.primary && !hasTasks(context.state(), service, one.id);
  });
  for (Deployment& one : service.deployments) {
    if (!one.primary) continue;
    const Service* before = context.state().service(service.key());
    endServiceDeployment(context, service, one, wantedBy(context.state(), before ? *before : service),
                         "A newer deployment of the service has replaced it.");
    one.primary = false;
    one.updatedAt = context.now.wall;
  }
}

/// The texts of the breaker and the alarms are the service's own.
std::string whoRollsBack(const ServiceDeployment& record) {
  if (record.alarms == BreakerStatus::Triggered) return "ECS deployment alarms";
  if (record.breaker == BreakerStatus::Triggered) return "ECS deployment circuit breaker";
  return "ECS deployment was stopped by " + record.stopper();
}

}  // namespace

std::string newDeploymentId(Random& random) { return "ecs-svc/" + newNumber(random); }

bool hasTasks(const State& state, const Service& service, const std::string& of) {
  return std::ranges::any_of(state.tasksOf(service.key()), [&](const Task* task) {
    return task->lastStatus <= TaskStatus::Running && (of.empty() || task->startedBy == of);
  });
}

void endServiceDeployment(Context& context, const Service& service, const Deployment& deployment,
                          int64_t requested, const std::string& reason) {
  const ServiceDeployment* known =
      context.state().serviceDeployment(service.key() + "/" + deployment.serviceDeployment);
  if (!known || known->finished()) return;
  ServiceDeployment ended = *known;
  ended.status = ServiceDeploymentStatus::Stopped;
  ended.statusReason = reason;
  ended.requestedCount = requested;
  ended.failures = deployment.failedTasks;
  for (BreakerStatus* monitor : {&ended.breaker, &ended.alarms}) {
    if (*monitor == BreakerStatus::Monitoring) *monitor = BreakerStatus::MonitoringComplete;
  }
  ended.updatedAt = context.now.wall;
  ended.stoppedAt = context.now.wall;
  ended.finishedAt = context.now.wall;
  context.tx.put(ended);
}

void rollBack(Context& context, Service& service, const ServiceRevision& revision,
              const ServiceDeployment& record) {
  Deployment back;
  const auto known = std::ranges::find(service.deployments, revision.id, &Deployment::revision);
  if (known != service.deployments.end()) {
    back = *known;
    service.deployments.erase(known);
  } else {
    back.id = newDeploymentId(context.random);
    back.createdAt = context.now.wall;
  }
  for (Deployment& one : service.deployments) one.primary = false;
  back.primary = true;
  back.taskDefinition = revision.taskDefinition;
  back.revision = revision.id;
  back.serviceDeployment = record.id;
  back.failedTasks = 0;
  back.setbacks = {};
  back.rollout = RolloutState::InProgress;
  back.rolloutReason = whoRollsBack(record) + ": rolling back to deploymentId " + back.id + ".";
  back.updatedAt = context.now.wall;
  service.deployments.insert(service.deployments.begin(), std::move(back));
  const Json launch = parsed(revision.document, Json::object());
  Json document = parsed(service.document, Json::object());
  replaceLaunchMembers(launch, document);
  service.document = document.dump();
  service.launchType = text(launch, "launchType", service.launchType);
  service.taskDefinition = revision.taskDefinition;
}

void beginDeployment(Context& context, Service& service, const Json& definition, int64_t desired) {
  demote(context, service);
  const ServiceRevision revision = newRevision(context, service, definition);
  const ServiceDeployment record = newServiceDeployment(context, service, revision);
  Deployment deployment;
  deployment.id = newDeploymentId(context.random);
  deployment.taskDefinition = service.taskDefinition;
  deployment.desiredCount = desired;
  deployment.rolloutReason = "ECS deployment " + deployment.id + " in progress.";
  deployment.revision = revision.id;
  deployment.serviceDeployment = record.id;
  deployment.createdAt = context.now.wall;
  deployment.updatedAt = context.now.wall;
  service.deployments.insert(service.deployments.begin(), deployment);
  trimHistory(context.tx, service, context.now);
  context.tx.put(revision);
  context.tx.put(record);
}

}  // namespace berth::controller
