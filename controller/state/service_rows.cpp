#include "controller/state/rows.hpp"

namespace berth::controller {
namespace {

void putSetbacks(Json& out, const Setbacks& setbacks) {
  if (setbacks == Setbacks{}) return;
  out["setbacks"] = Json{{"rounds", setbacks.rounds}, {"lastAt", toEpochMillis(setbacks.lastAt)}};
}

Setbacks decodeSetbacks(Fields& parent) {
  const Json* object = parent.find("setbacks");
  if (!object) return {};
  Fields fields(*object, parent.pathOf("setbacks"));
  Setbacks out;
  out.rounds = fields.integer("rounds");
  out.lastAt = fromEpochMillis(fields.integer("lastAt"));
  parent.absorb(fields);
  return out;
}

Json encode(const Deployment& deployment) {
  Json out{{"id", deployment.id},
           {"primary", deployment.primary},
           {"taskDefinition", deployment.taskDefinition},
           {"desiredCount", deployment.desiredCount},
           {"failedTasks", deployment.failedTasks},
           {"rollout", static_cast<int>(deployment.rollout)},
           {"rolloutReason", deployment.rolloutReason},
           {"revision", deployment.revision},
           {"serviceDeployment", deployment.serviceDeployment},
           {"createdAt", toEpochMillis(deployment.createdAt)},
           {"updatedAt", toEpochMillis(deployment.updatedAt)}};
  putSetbacks(out, deployment.setbacks);
  return out;
}

Deployment decodeDeployment(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("deployments"));
  Deployment out;
  out.id = fields.requiredStr("id");
  out.primary = fields.boolean("primary");
  out.taskDefinition = fields.requiredStr("taskDefinition");
  out.desiredCount = fields.integer("desiredCount");
  out.failedTasks = fields.integer("failedTasks");
  out.setbacks = decodeSetbacks(fields);
  out.rollout = state(fields, "rollout", RolloutState::Failed);
  out.rolloutReason = fields.str("rolloutReason");
  out.revision = fields.str("revision");
  out.serviceDeployment = fields.str("serviceDeployment");
  out.createdAt = fromEpochMillis(fields.integer("createdAt"));
  out.updatedAt = fromEpochMillis(fields.integer("updatedAt"));
  parent.absorb(fields);
  return out;
}

Json encode(const ServiceEvent& event) {
  return Json{{"id", event.id}, {"createdAt", toEpochMillis(event.createdAt)}, {"message", event.message}};
}

ServiceEvent decodeEvent(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("events"));
  ServiceEvent out;
  out.id = fields.requiredStr("id");
  out.createdAt = fromEpochMillis(fields.integer("createdAt"));
  out.message = fields.str("message");
  parent.absorb(fields);
  return out;
}

Json encode(const AlarmRules& rules) {
  Json out{{"enabled", rules.enabled}, {"rollback", rules.rollback}, {"names", rules.names}};
  if (rules.bakeMinutes) out["bakeMinutes"] = *rules.bakeMinutes;
  return out;
}

AlarmRules decodeAlarmRules(Fields& parent) {
  AlarmRules out;
  const Json* object = parent.find("alarms");
  if (!object) return out;
  Fields fields(*object, parent.pathOf("alarms"));
  out.enabled = fields.boolean("enabled");
  out.rollback = fields.boolean("rollback");
  out.names = fields.strings("names");
  out.bakeMinutes = fields.optionalInteger("bakeMinutes");
  parent.absorb(fields);
  return out;
}

Json encode(const DeploymentRules& rules) {
  Json out{{"maximumPercent", rules.maximumPercent},
           {"minimumHealthyPercent", rules.minimumHealthyPercent},
           {"breakerEnabled", rules.breaker.enabled},
           {"breakerRollback", rules.breaker.rollback},
           {"breakerReset", rules.breaker.resetOnHealthyTask},
           {"breakerType", static_cast<int>(rules.breaker.type)},
           {"breakerValue", rules.breaker.value}};
  if (!(rules.alarms == AlarmRules{})) out["alarms"] = encode(rules.alarms);
  return out;
}

DeploymentRules decodeRules(Fields& parent) {
  DeploymentRules out;
  const Json* object = parent.find("rules");
  if (!object) return out;
  Fields fields(*object, parent.pathOf("rules"));
  out.maximumPercent = fields.integer("maximumPercent", out.maximumPercent);
  out.minimumHealthyPercent = fields.integer("minimumHealthyPercent", out.minimumHealthyPercent);
  out.breaker.enabled = fields.boolean("breakerEnabled");
  out.breaker.rollback = fields.boolean("breakerRollback");
  out.breaker.resetOnHealthyTask = fields.boolean("breakerReset", true);
  out.breaker.type = state(fields, "breakerType", CircuitBreaker::Threshold::Count);
  out.breaker.value = fields.integer("breakerValue", out.breaker.value);
  out.alarms = decodeAlarmRules(fields);
  parent.absorb(fields);
  return out;
}

std::optional<ServiceDeployment::Rollback> decodeRollback(Fields& parent) {
  const Json* object = parent.find("rollback");
  if (!object) return std::nullopt;
  Fields fields(*object, parent.pathOf("rollback"));
  ServiceDeployment::Rollback out;
  out.reason = fields.str("reason");
  out.startedAt = fromEpochMillis(fields.integer("startedAt"));
  out.revision = fields.requiredStr("revision");
  parent.absorb(fields);
  return out;
}

}  // namespace

Json encode(const Service& service) {
  Json deployments = Json::array();
  for (const Deployment& deployment : service.deployments) deployments.push_back(encode(deployment));
  Json events = Json::array();
  for (const ServiceEvent& event : service.events) events.push_back(encode(event));
  Json out{{"cluster", service.cluster},
           {"name", service.name},
           {"status", static_cast<int>(service.status)},
           {"scheduling", static_cast<int>(service.scheduling)},
           {"controller", static_cast<int>(service.controller)},
           {"taskDefinition", service.taskDefinition},
           {"desiredCount", service.desiredCount},
           {"launchType", service.launchType},
           {"healthCheckGrace", service.healthCheckGrace},
           {"rules", encode(service.rules)},
           {"deployments", std::move(deployments)},
           {"events", std::move(events)},
           {"document", service.document},
           {"tags", service.tags},
           {"clientToken", service.clientToken},
           {"requestHash", service.requestHash},
           {"createdBy", service.createdBy},
           {"oldArn", service.oldArn},
           {"createdAt", toEpochMillis(service.createdAt)}};
  putTime(out, "deletedAt", service.deletedAt);
  return out;
}

Entity decodeService(Fields& fields) {
  Service out;
  out.cluster = fields.requiredStr("cluster");
  out.name = fields.requiredStr("name");
  out.status = state(fields, "status", ServiceStatus::Inactive);
  out.scheduling = state(fields, "scheduling", SchedulingStrategy::Daemon);
  out.controller = state(fields, "controller", DeploymentController::External);
  out.taskDefinition = fields.str("taskDefinition");
  out.desiredCount = fields.integer("desiredCount");
  out.launchType = fields.str("launchType");
  out.healthCheckGrace = fields.integer("healthCheckGrace");
  out.rules = decodeRules(fields);
  for (const Json* deployment : fields.list("deployments")) {
    out.deployments.push_back(decodeDeployment(*deployment, fields));
  }
  for (const Json* event : fields.list("events")) out.events.push_back(decodeEvent(*event, fields));
  out.document = jsonMember(fields, "document");
  out.tags = jsonMember(fields, "tags");
  out.clientToken = fields.str("clientToken");
  out.requestHash = fields.str("requestHash");
  out.createdBy = fields.str("createdBy");
  out.oldArn = fields.boolean("oldArn");
  out.createdAt = fromEpochMillis(fields.integer("createdAt"));
  out.deletedAt = time(fields, "deletedAt");
  return out;
}

Json encode(const ServiceDeployment& deployment) {
  Json out{{"cluster", deployment.cluster},
           {"service", deployment.service},
           {"id", deployment.id},
           {"status", static_cast<int>(deployment.status)},
           {"statusReason", deployment.statusReason},
           {"sources", deployment.sources},
           {"target", deployment.target},
           {"requestedCount", deployment.requestedCount},
           {"configuration", deployment.configuration},
           {"breaker", static_cast<int>(deployment.breaker)},
           {"failures", deployment.failures},
           {"threshold", deployment.threshold},
           {"alarms", static_cast<int>(deployment.alarms)},
           {"ringing", deployment.ringing},
           {"triggered", deployment.triggered},
           {"createdAt", toEpochMillis(deployment.createdAt)},
           {"updatedAt", toEpochMillis(deployment.updatedAt)}};
  if (deployment.rollback) {
    out["rollback"] = Json{{"reason", deployment.rollback->reason},
                           {"startedAt", toEpochMillis(deployment.rollback->startedAt)},
                           {"revision", deployment.rollback->revision}};
  }
  if (!deployment.stoppedBy.empty()) out["stoppedBy"] = deployment.stoppedBy;
  putTime(out, "bakesSince", deployment.bakesSince);
  putTime(out, "startedAt", deployment.startedAt);
  putTime(out, "finishedAt", deployment.finishedAt);
  putTime(out, "stoppedAt", deployment.stoppedAt);
  return out;
}

Entity decodeServiceDeployment(Fields& fields) {
  ServiceDeployment out;
  out.cluster = fields.requiredStr("cluster");
  out.service = fields.requiredStr("service");
  out.id = fields.requiredStr("id");
  out.status = state(fields, "status", ServiceDeploymentStatus::RollbackFailed);
  out.statusReason = fields.str("statusReason");
  out.sources = fields.strings("sources");
  out.target = fields.requiredStr("target");
  out.requestedCount = fields.integer("requestedCount");
  out.configuration = jsonMember(fields, "configuration");
  out.breaker = state(fields, "breaker", BreakerStatus::Triggered);
  out.failures = fields.integer("failures");
  out.threshold = fields.integer("threshold");
  out.alarms = state(fields, "alarms", BreakerStatus::Triggered);
  out.ringing = fields.strings("ringing");
  out.triggered = fields.strings("triggered");
  out.bakesSince = time(fields, "bakesSince");
  out.rollback = decodeRollback(fields);
  out.stoppedBy = fields.str("stoppedBy");
  out.createdAt = fromEpochMillis(fields.integer("createdAt"));
  out.updatedAt = fromEpochMillis(fields.integer("updatedAt"));
  out.startedAt = time(fields, "startedAt");
  out.finishedAt = time(fields, "finishedAt");
  out.stoppedAt = time(fields, "stoppedAt");
  return out;
}

Json encode(const ServiceRevision& revision) {
  return Json{{"cluster", revision.cluster},
              {"service", revision.service},
              {"id", revision.id},
              {"taskDefinition", revision.taskDefinition},
              {"document", revision.document},
              {"createdAt", toEpochMillis(revision.createdAt)}};
}

Entity decodeServiceRevision(Fields& fields) {
  ServiceRevision out;
  out.cluster = fields.requiredStr("cluster");
  out.service = fields.requiredStr("service");
  out.id = fields.requiredStr("id");
  out.taskDefinition = fields.requiredStr("taskDefinition");
  out.document = jsonMember(fields, "document");
  out.createdAt = fromEpochMillis(fields.integer("createdAt"));
  return out;
}

Json encode(const TaskSet& set) {
  Json out{{"cluster", set.cluster},
           {"service", set.service},
           {"id", set.id},
           {"status", static_cast<int>(set.status)},
           {"taskDefinition", set.taskDefinition},
           {"scale", set.scale},
           {"launchType", set.launchType},
           {"externalId", set.externalId},
           {"document", set.document},
           {"tags", set.tags},
           {"clientToken", set.clientToken},
           {"requestHash", set.requestHash},
           {"steady", set.steady},
           {"steadyAt", toEpochMillis(set.steadyAt)},
           {"createdAt", toEpochMillis(set.createdAt)},
           {"updatedAt", toEpochMillis(set.updatedAt)}};
  putSetbacks(out, set.setbacks);
  return out;
}

Entity decodeTaskSet(Fields& fields) {
  TaskSet out;
  out.cluster = fields.requiredStr("cluster");
  out.service = fields.requiredStr("service");
  out.id = fields.requiredStr("id");
  out.status = state(fields, "status", TaskSetStatus::Draining);
  out.taskDefinition = fields.requiredStr("taskDefinition");
  out.scale = fields.number("scale", out.scale);
  out.launchType = fields.str("launchType");
  out.externalId = fields.str("externalId");
  out.document = jsonMember(fields, "document");
  out.tags = jsonMember(fields, "tags");
  out.clientToken = fields.str("clientToken");
  out.requestHash = fields.str("requestHash");
  out.steady = fields.boolean("steady");
  out.steadyAt = fromEpochMillis(fields.integer("steadyAt"));
  out.setbacks = decodeSetbacks(fields);
  out.createdAt = fromEpochMillis(fields.integer("createdAt"));
  out.updatedAt = fromEpochMillis(fields.integer("updatedAt"));
  return out;
}

Json encode(const Alarm& alarm) {
  return Json{{"name", alarm.name},
              {"state", static_cast<int>(alarm.state)},
              {"reason", alarm.reason},
              {"since", toEpochMillis(alarm.since)},
              {"updatedAt", toEpochMillis(alarm.updatedAt)},
              {"updatedBy", alarm.updatedBy}};
}

Entity decodeAlarm(Fields& fields) {
  Alarm out;
  out.name = fields.requiredStr("name");
  out.state = state(fields, "state", AlarmState::InsufficientData, AlarmState::InsufficientData);
  out.reason = fields.str("reason");
  out.since = fromEpochMillis(fields.integer("since"));
  out.updatedAt = fromEpochMillis(fields.integer("updatedAt"));
  out.updatedBy = fields.str("updatedBy");
  return out;
}

Json encode(const TaskProtection& protection) {
  return Json{{"task", protection.task}, {"expiresAt", toEpochMillis(protection.expiresAt)}};
}

Entity decodeProtection(Fields& fields) {
  TaskProtection out;
  out.task = fields.requiredStr("task");
  out.expiresAt = fromEpochMillis(fields.integer("expiresAt"));
  return out;
}

}  // namespace berth::controller
