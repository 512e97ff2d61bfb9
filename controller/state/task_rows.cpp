#include <cstdint>
#include <set>

#include "controller/state/rows.hpp"
#include "proto/json/writer.hpp"

namespace berth::controller {
namespace {

using json::Writer;

constexpr int64_t kLongestWait = 365LL * 24 * 3600 * 1000;

// Rows of tasks are written by the million: what has its default is left out.

void put(Writer& out, const char* name, const std::string& value) {
  if (!value.empty()) out.text(name, value);
}

void put(Writer& out, const char* name, int64_t value, int64_t fallback = 0) {
  if (value != fallback) out.integer(name, value);
}

void put(Writer& out, const char* name, bool value, bool fallback = false) {
  if (value != fallback) out.boolean(name, value);
}

void put(Writer& out, const char* name, Moment time) {
  if (time) out.integer(name, toEpochMillis(*time));
}

void put(Writer& out, const char* name, const std::set<uint16_t>& ports) {
  if (ports.empty()) return;
  out.openList(name);
  for (const uint16_t port : ports) out.integer(port);
  out.closeList();
}

void putBinding(Writer& out, const NetworkBinding& binding) {
  out.openObject();
  put(out, "bindIp", binding.bindIp);
  put(out, "containerPort", int64_t{binding.containerPort});
  put(out, "hostPort", int64_t{binding.hostPort});
  put(out, "lastContainerPort", int64_t{binding.lastContainerPort});
  put(out, "lastHostPort", int64_t{binding.lastHostPort});
  put(out, "udp", binding.udp);
  out.closeObject();
}

void putContainer(Writer& out, const ContainerSpec& spec, const TaskContainer& container) {
  out.openObject();
  put(out, "name", spec.name);
  put(out, "image", spec.image);
  put(out, "essential", spec.essential, true);
  put(out, "checksHealth", spec.checksHealth);
  put(out, "cpu", spec.cpu);
  put(out, "memory", spec.memory);
  put(out, "memoryReservation", spec.memoryReservation);
  put(out, "imageDigest", container.imageDigest);
  put(out, "runtimeId", container.runtimeId);
  put(out, "reason", container.reason);
  put(out, "status", static_cast<int64_t>(container.status));
  put(out, "health", static_cast<int64_t>(container.health));
  if (container.exitCode) out.integer("exitCode", *container.exitCode);
  if (!container.bindings.empty()) {
    out.openList("bindings");
    for (const NetworkBinding& binding : container.bindings) putBinding(out, binding);
    out.closeList();
  }
  out.closeObject();
}

void putCauses(Writer& out, const std::vector<Cause>& causes) {
  if (causes.empty()) return;
  out.openList("causes");
  for (const Cause& cause : causes) {
    out.openObject();
    put(out, "kind", static_cast<int64_t>(cause.kind));
    put(out, "at", toEpochMillis(cause.at));
    put(out, "by", cause.by);
    if (!cause.output.empty()) put(out, "output", cause.output);
    out.closeObject();
  }
  out.closeList();
}

void putGpus(Writer& out, const std::vector<Gpu>& gpus) {
  if (gpus.empty()) return;
  out.openList("gpus");
  for (const Gpu& gpu : gpus) {
    out.openObject();
    put(out, "id", gpu.id);
    put(out, "container", gpu.container);
    out.closeObject();
  }
  out.closeList();
}

void putSpec(Writer& out, const TaskSpec& spec) {
  put(out, "cluster", spec.cluster);
  put(out, "definition", spec.definition);
  put(out, "group", spec.group);
  put(out, "launchType", spec.launchType);
  put(out, "capacityProvider", spec.capacityProvider);
  put(out, "overrides", spec.overrides);
  put(out, "enableExecuteCommand", spec.enableExecuteCommand);
  put(out, "cpu", spec.cpu);
  put(out, "memory", spec.memory);
  put(out, "placement", spec.placement);
  put(out, "waitMillis", spec.waitMillis);
  put(out, "lifetimeMillis", spec.lifetimeMillis);
  put(out, "subnet", spec.subnet);
  out.openObject("resources");
  put(out, "cpu", spec.resources.cpu);
  put(out, "memory", spec.resources.memory);
  put(out, "ports", spec.resources.ports);
  put(out, "udpPorts", spec.resources.udpPorts);
  putGpus(out, spec.resources.gpus);
  out.closeObject();
}

void putTimes(Writer& out, const Task& task) {
  put(out, "createdAt", Moment(task.createdAt));
  put(out, "pullStartedAt", task.pullStartedAt);
  put(out, "pullStoppedAt", task.pullStoppedAt);
  put(out, "startedAt", task.startedAt);
  put(out, "stoppingAt", task.stoppingAt);
  put(out, "executionStoppedAt", task.executionStoppedAt);
  put(out, "stoppedAt", task.stoppedAt);
}

uint16_t port(Fields& fields, const char* name) {
  const int64_t number = fields.integer(name);
  if (number < 0 || number > UINT16_MAX) fields.fault(name, "is no port");
  return static_cast<uint16_t>(number);
}

NetworkBinding decodeBinding(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("bindings"));
  NetworkBinding out;
  out.bindIp = fields.str("bindIp");
  out.containerPort = port(fields, "containerPort");
  out.hostPort = port(fields, "hostPort");
  out.lastContainerPort = port(fields, "lastContainerPort");
  out.lastHostPort = port(fields, "lastHostPort");
  out.udp = fields.boolean("udp");
  parent.absorb(fields);
  return out;
}

std::optional<int32_t> exitCode(Fields& fields) {
  const auto code = fields.optionalInteger("exitCode");
  if (!code) return std::nullopt;
  if (*code < INT32_MIN || *code > INT32_MAX) fields.fault("exitCode", "is no exit code");
  return static_cast<int32_t>(*code);
}

void decodeContainer(const Json& value, Fields& parent, TaskSpec& taskSpec, Task& task) {
  Fields fields(value, parent.pathOf("containers"));
  ContainerSpec spec;
  spec.name = fields.requiredStr("name");
  spec.image = fields.str("image");
  spec.essential = fields.boolean("essential", true);
  spec.checksHealth = fields.boolean("checksHealth");
  spec.cpu = fields.str("cpu");
  spec.memory = fields.str("memory");
  spec.memoryReservation = fields.str("memoryReservation");
  TaskContainer container;
  container.imageDigest = fields.str("imageDigest");
  container.runtimeId = fields.str("runtimeId");
  container.reason = fields.str("reason");
  container.status = state(fields, "status", ContainerStatus::Stopped);
  container.health = state(fields, "health", Health::Unhealthy);
  container.exitCode = exitCode(fields);
  for (const Json* binding : fields.list("bindings")) {
    container.bindings.push_back(decodeBinding(*binding, fields));
  }
  parent.absorb(fields);
  taskSpec.containers.push_back(std::move(spec));
  task.containers.push_back(std::move(container));
}

Cause decodeCause(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("causes"));
  Cause out;
  out.kind = state(fields, "kind", Cause::Kind::InstanceDeregistered);
  out.at = fromEpochMillis(fields.integer("at"));
  out.by = fields.str("by");
  out.output = fields.str("output");
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

std::string rowOf(const Task& task) {
  Writer out;
  out.openObject();
  put(out, "id", task.id);
  putSpec(out, *task.spec);
  put(out, "instance", task.instance);
  put(out, "startedBy", task.startedBy);
  put(out, "tags", task.tags);
  put(out, "address", task.address);
  put(out, "lastStatus", static_cast<int64_t>(task.lastStatus), static_cast<int64_t>(TaskStatus::Pending));
  put(out, "stopWanted", task.stopWanted);
  put(out, "wasHealthy", task.wasHealthy);
  put(out, "stopCode", task.stopCode);
  put(out, "stoppedReason", task.stoppedReason);
  putCauses(out, task.causes.list());
  put(out, "version", task.version, 1);
  putTimes(out, task);
  out.openList("containers");
  for (size_t place = 0; place < task.containers.size(); ++place) {
    putContainer(out, task.spec->containers[place], task.containers[place]);
  }
  out.closeList();
  out.closeObject();
  return out.str();
}

Entity decodeTask(Fields& fields) {
  Task out;
  TaskSpec spec;
  out.id = fields.requiredStr("id");
  spec.cluster = fields.requiredStr("cluster");
  spec.definition = fields.requiredStr("definition");
  if (!isDefinitionKey(spec.definition)) fields.fault("definition", "is not family:revision");
  spec.group = fields.str("group");
  spec.launchType = fields.str("launchType", "EC2");
  spec.capacityProvider = fields.str("capacityProvider");
  spec.overrides = jsonMember(fields, "overrides");
  spec.enableExecuteCommand = fields.boolean("enableExecuteCommand");
  spec.resources = resources(fields, "resources");
  spec.cpu = fields.str("cpu");
  spec.memory = fields.str("memory");
  spec.placement = jsonMember(fields, "placement");
  spec.waitMillis = fields.integer("waitMillis");
  if (spec.waitMillis < 0 || spec.waitMillis > kLongestWait) fields.fault("waitMillis", "is no time to wait");
  spec.lifetimeMillis = fields.integer("lifetimeMillis");
  if (spec.lifetimeMillis < 0 || spec.lifetimeMillis > kLongestWait)
    fields.fault("lifetimeMillis", "is no time to live");
  spec.subnet = fields.str("subnet");
  out.instance = fields.str("instance");
  out.startedBy = fields.str("startedBy");
  out.tags = jsonMember(fields, "tags");
  out.address = jsonMember(fields, "address");
  out.lastStatus = state(fields, "lastStatus", TaskStatus::Stopped, TaskStatus::Pending);
  out.stopWanted = fields.boolean("stopWanted");
  out.wasHealthy = fields.boolean("wasHealthy");
  out.stopCode = fields.str("stopCode");
  out.stoppedReason = fields.str("stoppedReason");
  for (const Json* container : fields.list("containers")) decodeContainer(*container, fields, spec, out);
  for (const Json* cause : fields.list("causes")) out.causes.add(decodeCause(*cause, fields));
  out.spec = Shared<TaskSpec>(std::move(spec));
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
              {"tasks", token.ids()},
              {"usedAt", toEpochMillis(token.usedAt)}};
}

Entity decodeToken(Fields& fields) {
  ClientToken out;
  out.key = fields.requiredStr("key");
  out.requestHash = fields.str("requestHash");
  out.setIds(fields.strings("tasks"));
  out.usedAt = fromEpochMillis(fields.integer("usedAt"));
  return out;
}

}  // namespace berth::controller
