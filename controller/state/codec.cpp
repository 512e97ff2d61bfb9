#include "controller/state/codec.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "proto/json/fields.hpp"

namespace berth::controller {
namespace {

using Json = nlohmann::json;
using json::Fields;

/// In the order of Kind.
constexpr std::array<const char*, 6> kKinds = {"cluster",  "family", "task_definition",
                                               "instance", "task",   "client_token"};

void putTime(Json& out, const char* name, const std::optional<WallTime>& time) {
  if (time) out[name] = toEpochMillis(*time);
}

std::optional<WallTime> time(Fields& fields, const char* name) {
  auto millis = fields.optionalInteger(name);
  return millis ? std::optional<WallTime>(fromEpochMillis(*millis)) : std::nullopt;
}

Json encode(const Resources& resources) {
  return Json{{"cpu", resources.cpu},
              {"memory", resources.memory},
              {"ports", resources.ports},
              {"udpPorts", resources.udpPorts}};
}

std::set<uint16_t> ports(Fields& fields, const char* name) {
  std::set<uint16_t> out;
  for (const Json* port : fields.list(name)) {
    if (port->is_number_unsigned() && port->get<uint64_t>() <= UINT16_MAX) {
      out.insert(static_cast<uint16_t>(port->get<uint64_t>()));
    } else {
      fields.fault(name, "has an entry that is no port");
    }
  }
  return out;
}

/// The number of a state, one of 0 to `last`.
template <class Enum>
Enum state(Fields& fields, const char* name, Enum last) {
  int64_t number = fields.integer(name);
  if (number < 0 || number > static_cast<int64_t>(last)) fields.fault(name, "is the number of no state");
  return static_cast<Enum>(std::clamp<int64_t>(number, 0, static_cast<int64_t>(last)));
}

Resources resources(Fields& parent, const char* name) {
  Resources out;
  const Json* object = parent.find(name);
  if (!object) return out;
  Fields fields(*object, parent.pathOf(name));
  out.cpu = fields.integer("cpu");
  out.memory = fields.integer("memory");
  out.ports = ports(fields, "ports");
  out.udpPorts = ports(fields, "udpPorts");
  parent.absorb(fields);
  return out;
}

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

struct Encoder {
  Json operator()(const Cluster& cluster) const {
    return Json{{"name", cluster.name},
                {"active", cluster.active},
                {"document", cluster.document},
                {"tags", cluster.tags}};
  }
  Json operator()(const Family& family) const {
    return Json{{"name", family.name}, {"lastRevision", family.lastRevision}};
  }
  Json operator()(const TaskDefinition& definition) const {
    Json out{{"family", definition.family},
             {"revision", definition.revision},
             {"active", definition.active},
             {"document", definition.document},
             {"tags", definition.tags},
             {"registeredBy", definition.registeredBy},
             {"registeredAt", toEpochMillis(definition.registeredAt)}};
    putTime(out, "deregisteredAt", definition.deregisteredAt);
    putTime(out, "deleteRequestedAt", definition.deleteRequestedAt);
    return out;
  }
  Json operator()(const Instance& instance) const {
    Json attributes = Json::array();
    for (const Attribute& attribute : instance.attributes) {
      Json entry{{"name", attribute.name}};
      if (attribute.value) entry["value"] = *attribute.value;
      attributes.push_back(std::move(entry));
    }
    return Json{{"id", instance.id},
                {"cluster", instance.cluster},
                {"status", instance.status},
                {"ec2InstanceId", instance.ec2InstanceId},
                {"attributes", std::move(attributes)},
                {"registered", encode(instance.registered)},
                {"agentVersion", instance.agentVersion},
                {"agentHash", instance.agentHash},
                {"dockerVersion", instance.dockerVersion},
                {"registeredAt", toEpochMillis(instance.registeredAt)},
                {"tags", instance.tags},
                {"clientToken", instance.clientToken},
                {"version", instance.version},
                {"timeline", instance.timeline}};
  }
  Json operator()(const Task& task) const {
    Json containers = Json::array();
    for (const TaskContainer& container : task.containers) containers.push_back(encode(container));
    Json out{{"id", task.id},
             {"cluster", task.cluster},
             {"instance", task.instance},
             {"definition", task.definition},
             {"group", task.group},
             {"startedBy", task.startedBy},
             {"launchType", task.launchType},
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
  Json operator()(const ClientToken& token) const {
    return Json{{"key", token.key},
                {"requestHash", token.requestHash},
                {"tasks", token.tasks},
                {"usedAt", toEpochMillis(token.usedAt)}};
  }
};

bool isDefinitionKey(const std::string& text) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size() || text.size() - colon > 10) return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(colon) + 1, text.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

/// JSON that the API returns as it was given: it is parsed whenever it is shown, so it has to be whole.
std::string jsonMember(Fields& fields, const char* name) {
  std::string text = fields.str(name);
  if (!text.empty() && !Json::accept(text)) fields.fault(name, "is not valid JSON");
  return text;
}

Entity decodeCluster(Fields& fields) {
  Cluster out;
  out.name = fields.requiredStr("name");
  out.active = fields.boolean("active", true);
  out.document = jsonMember(fields, "document");
  out.tags = jsonMember(fields, "tags");
  return out;
}

Entity decodeFamily(Fields& fields) {
  Family out;
  out.name = fields.requiredStr("name");
  out.lastRevision = fields.integer("lastRevision");
  return out;
}

Entity decodeDefinition(Fields& fields) {
  TaskDefinition out;
  out.family = fields.requiredStr("family");
  out.revision = fields.integer("revision");
  out.active = fields.boolean("active", true);
  out.document = jsonMember(fields, "document");
  if (out.document.empty()) fields.fault("document", "is missing or empty");
  out.tags = jsonMember(fields, "tags");
  out.registeredBy = fields.str("registeredBy");
  out.registeredAt = fromEpochMillis(fields.integer("registeredAt"));
  out.deregisteredAt = time(fields, "deregisteredAt");
  out.deleteRequestedAt = time(fields, "deleteRequestedAt");
  return out;
}

Entity decodeInstance(Fields& fields) {
  Instance out;
  out.id = fields.requiredStr("id");
  out.cluster = fields.requiredStr("cluster");
  out.status = fields.str("status", "ACTIVE");
  out.ec2InstanceId = fields.str("ec2InstanceId");
  for (const Json* attribute : fields.list("attributes")) {
    Fields inner(*attribute, fields.pathOf("attributes"));
    Attribute entry;
    entry.name = inner.requiredStr("name");
    if (inner.has("value")) entry.value = inner.str("value");
    fields.absorb(inner);
    out.attributes.push_back(std::move(entry));
  }
  out.registered = resources(fields, "registered");
  out.agentVersion = fields.str("agentVersion");
  out.agentHash = fields.str("agentHash");
  out.dockerVersion = fields.str("dockerVersion");
  out.registeredAt = fromEpochMillis(fields.integer("registeredAt"));
  out.tags = jsonMember(fields, "tags");
  out.clientToken = fields.str("clientToken");
  out.version = fields.integer("version");
  out.timeline = fields.integer("timeline");
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

Entity decodeToken(Fields& fields) {
  ClientToken out;
  out.key = fields.requiredStr("key");
  out.requestHash = fields.str("requestHash");
  out.tasks = fields.strings("tasks");
  out.usedAt = fromEpochMillis(fields.integer("usedAt"));
  return out;
}

constexpr std::array<Entity (*)(Fields&), 6> kDecoders = {decodeCluster,  decodeFamily, decodeDefinition,
                                                          decodeInstance, decodeTask,   decodeToken};

}  // namespace

Changes toChanges(const Mutations& mutations) {
  Changes out;
  for (const Mutation& mutation : mutations) {
    Change change;
    change.kind = kKinds[static_cast<size_t>(mutation.kind)];
    change.key = mutation.key;
    if (mutation.value) change.value = json::dump(std::visit(Encoder{}, *mutation.value));
    out.push_back(std::move(change));
  }
  return out;
}

Decoded fromRecords(const std::vector<Record>& records) {
  Decoded out;
  for (const Record& record : records) {
    for (size_t kind = 0; kind < kKinds.size(); ++kind) {
      if (record.kind != kKinds[kind]) continue;
      std::string where = record.kind + "/" + record.key;
      auto object = json::parseObject(record.value, where);
      if (!object) {
        out.damaged.push_back(object.error().message);
        continue;
      }
      Fields fields(*object, where);
      Entity entity = kDecoders[kind](fields);
      if (Status status = fields.status(); !status) {
        out.damaged.push_back(status.error().message);
      } else {
        out.entities.push_back(std::move(entity));
      }
    }
  }
  return out;
}

}  // namespace berth::controller
