#include "controller/state/rows.hpp"

namespace berth::controller {
namespace {

Json encode(const TaskContainer& container) {
  Json bindings = Json::array();
  for (const NetworkBinding& binding : container.bindings) {
    bindings.push_back(Json{{"bindIp", binding.bindIp},
                            {"containerPort", binding.containerPort},
                            {"hostPort", binding.hostPort},
                            {"protocol", binding.protocol},
                            {"containerPortRange", binding.containerPortRange},
                            {"hostPortRange", binding.hostPortRange}});
  }
  Json out{{"id", container.id},
           {"name", container.name},
           {"image", container.image},
           {"imageDigest", container.imageDigest},
           {"runtimeId", container.runtimeId},
           {"status", static_cast<int>(container.status)},
           {"essential", container.essential},
           {"reason", container.reason},
           {"checksHealth", container.checksHealth},
           {"healthStatus", container.healthStatus},
           {"cpu", container.cpu},
           {"memory", container.memory},
           {"memoryReservation", container.memoryReservation},
           {"bindings", std::move(bindings)}};
  if (container.exitCode) out["exitCode"] = *container.exitCode;
  return out;
}

TaskContainer decodeContainer(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("containers"));
  TaskContainer out;
  out.id = fields.str("id");
  out.name = fields.requiredStr("name");
  out.image = fields.str("image");
  out.imageDigest = fields.str("imageDigest");
  out.runtimeId = fields.str("runtimeId");
  out.status = state(fields, "status", ContainerStatus::Stopped);
  out.essential = fields.boolean("essential", true);
  out.exitCode = fields.optionalInteger("exitCode");
  out.reason = fields.str("reason");
  out.checksHealth = fields.boolean("checksHealth");
  out.healthStatus = fields.str("healthStatus", "UNKNOWN");
  out.cpu = fields.str("cpu");
  out.memory = fields.str("memory");
  out.memoryReservation = fields.str("memoryReservation");
  for (const Json* binding : fields.list("bindings")) {
    Fields inner(*binding, fields.pathOf("bindings"));
    NetworkBinding port;
    port.bindIp = inner.str("bindIp");
    port.containerPort = inner.integer("containerPort");
    port.hostPort = inner.integer("hostPort");
    port.protocol = inner.str("protocol", "tcp");
    port.containerPortRange = inner.str("containerPortRange");
    port.hostPortRange = inner.str("hostPortRange");
    fields.absorb(inner);
    out.bindings.push_back(std::move(port));
  }
  parent.absorb(fields);
  return out;
}

bool isDefinitionKey(const std::string& text) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size() || text.size() - colon > 10) return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(colon) + 1, text.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Json encode(const Task& task) {
  Json containers = Json::array();
  for (const TaskContainer& container : task.containers) containers.push_back(encode(container));
  Json out{{"id", task.id},
           {"cluster", task.cluster},
           {"instance", task.instance},
           {"definition", task.definition},
           {"group", task.group},
           {"startedBy", task.startedBy},
           {"launchType", task.launchType},
           {"capacityProvider", task.capacityProvider},
           {"overrides", task.overrides},
           {"tags", task.tags},
           {"clientToken", task.clientToken},
           {"enableExecuteCommand", task.enableExecuteCommand},
           {"lastStatus", static_cast<int>(task.lastStatus)},
           {"stopWanted", task.stopWanted},
           {"stopCode", task.stopCode},
           {"stoppedReason", task.stoppedReason},
           {"containers", std::move(containers)},
           {"resources", encode(task.resources)},
           {"cpu", task.cpu},
           {"memory", task.memory},
           {"version", task.version},
           {"createdAt", toEpochMillis(task.createdAt)}};
  putTime(out, "pullStartedAt", task.pullStartedAt);
  putTime(out, "pullStoppedAt", task.pullStoppedAt);
  putTime(out, "startedAt", task.startedAt);
  putTime(out, "stoppingAt", task.stoppingAt);
  putTime(out, "executionStoppedAt", task.executionStoppedAt);
  putTime(out, "stoppedAt", task.stoppedAt);
  return out;
}

Entity decodeTask(Fields& fields) {
  Task out;
  out.id = fields.requiredStr("id");
  out.cluster = fields.requiredStr("cluster");
  out.instance = fields.str("instance");
  out.definition = fields.requiredStr("definition");
  if (!isDefinitionKey(out.definition)) fields.fault("definition", "is not family:revision");
  out.group = fields.str("group");
  out.startedBy = fields.str("startedBy");
  out.launchType = fields.str("launchType", "EC2");
  out.capacityProvider = fields.str("capacityProvider");
  out.overrides = jsonMember(fields, "overrides");
  out.tags = jsonMember(fields, "tags");
  out.clientToken = fields.str("clientToken");
  out.enableExecuteCommand = fields.boolean("enableExecuteCommand");
  out.lastStatus = state(fields, "lastStatus", TaskStatus::Stopped);
  out.stopWanted = fields.boolean("stopWanted");
  out.stopCode = fields.str("stopCode");
  out.stoppedReason = fields.str("stoppedReason");
  for (const Json* container : fields.list("containers")) {
    out.containers.push_back(decodeContainer(*container, fields));
  }
  out.resources = resources(fields, "resources");
  out.cpu = fields.str("cpu");
  out.memory = fields.str("memory");
  out.version = fields.integer("version", 1);
  out.createdAt = fromEpochMillis(fields.integer("createdAt"));
  out.pullStartedAt = time(fields, "pullStartedAt");
  out.pullStoppedAt = time(fields, "pullStoppedAt");
  out.startedAt = time(fields, "startedAt");
  out.stoppingAt = time(fields, "stoppingAt");
  out.executionStoppedAt = time(fields, "executionStoppedAt");
  out.stoppedAt = time(fields, "stoppedAt");
  return out;
}

Json encode(const ClientToken& token) {
  return Json{{"key", token.key},
              {"requestHash", token.requestHash},
              {"tasks", token.tasks},
              {"usedAt", toEpochMillis(token.usedAt)}};
}

Entity decodeToken(Fields& fields) {
  ClientToken out;
  out.key = fields.requiredStr("key");
  out.requestHash = fields.str("requestHash");
  out.tasks = fields.strings("tasks");
  out.usedAt = fromEpochMillis(fields.integer("usedAt"));
  return out;
}

}  // namespace berth::controller
