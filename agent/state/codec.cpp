#include "agent/state/codec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/text/number.hpp"
#include "proto/acs/codec.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent {
namespace {

using Json = nlohmann::json;
using json::Fields;

void putTime(Json& out, const char* name, const std::optional<WallTime>& time) {
  if (time) out[name] = toEpochMillis(*time);
}

std::optional<WallTime> time(Fields& fields, const char* name) {
  auto millis = fields.optionalInteger(name);
  return millis ? std::optional<WallTime>(fromEpochMillis(*millis)) : std::nullopt;
}

/// A task's payload is kept in the form in which the protocol carries it, so there is one codec for it.
std::string encodePayload(const Task& task) {
  acs::PayloadMessage message;
  message.messageId = "stored";
  message.clusterArn = "stored";
  message.containerInstanceArn = "stored";
  message.tasks.push_back(task.spec);
  // Credentials stay in memory; after a restart the controller sends them again.
  message.tasks[0].roleCredentials.reset();
  message.tasks[0].executionCredentials.reset();
  for (const Container& container : task.containers) {
    // Those of the agent's own come with the payload when it is read.
    if (!container.internal) message.tasks[0].containers.push_back(container.spec);
  }
  return acs::encode(acs::ToAgent(std::move(message)));
}

std::optional<Task> decodePayload(const std::string& text) {
  auto message = acs::decodeToAgent(text);
  if (!message) return std::nullopt;
  const auto* payload = std::get_if<acs::PayloadMessage>(&*message);
  if (!payload || payload->tasks.size() != 1) return std::nullopt;
  return makeTask(payload->tasks[0]);
}

Json encode(const Container& container) {
  Json ports = Json::array();
  for (const PortMapping& port : container.ports) {
    ports.push_back(Json{{"containerPort", port.containerPort},
                         {"hostPort", port.hostPort},
                         {"protocol", port.protocol},
                         {"bindIp", port.bindIp}});
  }
  Json out{{"name", container.spec.name},
           {"known", static_cast<int>(container.known)},
           {"startIntended", container.startIntended},
           {"restarting", container.restarting},
           {"restarts", container.restarts},
           {"shortLives", container.shortLives},
           {"endpoint", container.endpoint},
           {"runtimeId", container.runtimeId},
           {"imageDigest", container.imageDigest},
           {"imageId", container.imageId},
           {"reason", container.reason},
           {"lastLines", container.lastLines},
           {"ports", std::move(ports)},
           {"sent", static_cast<int>(container.sent)}};
  if (container.exitCode) out["exitCode"] = *container.exitCode;
  putTime(out, "createdAt", container.createdAt);
  putTime(out, "startedAt", container.startedAt);
  putTime(out, "finishedAt", container.finishedAt);
  return out;
}

ContainerStatus status(Fields& fields, const char* name) {
  return static_cast<ContainerStatus>(std::clamp<int64_t>(fields.integer(name), 0, 4));
}

void decode(Fields& fields, Container& container) {
  container.known = status(fields, "known");
  container.startIntended = fields.boolean("startIntended");
  container.restarting = fields.boolean("restarting");
  container.restarts = static_cast<int>(fields.integer("restarts"));
  container.shortLives = static_cast<int>(fields.integer("shortLives"));
  container.endpoint = fields.str("endpoint");
  container.runtimeId = fields.str("runtimeId");
  container.imageDigest = fields.str("imageDigest");
  container.reason = fields.str("reason");
  container.sent = status(fields, "sent");
  if (auto code = fields.optionalInteger("exitCode")) container.exitCode = static_cast<int>(*code);
  container.imageId = fields.str("imageId");
  container.lastLines = fields.strings("lastLines");
  container.createdAt = time(fields, "createdAt");
  container.startedAt = time(fields, "startedAt");
  container.finishedAt = time(fields, "finishedAt");
  for (const Json* port : fields.list("ports")) {
    Fields inner(*port, "port");
    PortMapping mapping;
    mapping.containerPort = static_cast<uint16_t>(inner.integer("containerPort"));
    mapping.hostPort = static_cast<uint16_t>(inner.integer("hostPort"));
    mapping.protocol = inner.str("protocol", "tcp");
    mapping.bindIp = inner.str("bindIp");
    fields.absorb(inner);
    container.ports.push_back(std::move(mapping));
  }
}

Json encodeNetwork(const TaskNetwork& network) {
  return Json{{"ipv4", network.ipv4},
              {"ipv6", network.ipv6},
              {"mac", network.mac},
              {"subnet", network.subnet},
              {"gateway", network.gateway},
              {"hostname", network.hostname},
              {"nameServers", network.nameServers},
              {"searchDomains", network.searchDomains}};
}

std::optional<TaskNetwork> decodeNetwork(Fields& task) {
  const Json* object = task.find("network");
  if (!object) return std::nullopt;
  Fields fields(*object, task.pathOf("network"));
  TaskNetwork out;
  out.ipv4 = fields.str("ipv4");
  out.ipv6 = fields.str("ipv6");
  out.mac = fields.str("mac");
  out.subnet = fields.str("subnet");
  out.gateway = fields.str("gateway");
  out.hostname = fields.str("hostname");
  out.nameServers = fields.strings("nameServers");
  out.searchDomains = fields.strings("searchDomains");
  task.absorb(fields);
  return out;
}

std::string encodeTask(const Task& task) {
  Json containers = Json::array();
  for (const Container& container : task.containers) containers.push_back(encode(container));
  Json out{{"arn", task.arn},
           {"stopWanted", task.stopWanted},
           {"admitted", task.admitted},
           {"arrival", task.arrival},
           {"reason", task.reason},
           {"sent", static_cast<int>(task.sent)},
           {"roleId", task.roleId},
           {"executionRoleId", task.executionRoleId},
           {"cgroupParent", task.cgroupParent},
           {"containers", std::move(containers)}};
  // A task that was refused has no payload that could be kept.
  if (!task.containers.empty()) out["payload"] = encodePayload(task);
  if (task.network) out["network"] = encodeNetwork(*task.network);
  putTime(out, "pullStartedAt", task.pullStartedAt);
  putTime(out, "pullStoppedAt", task.pullStoppedAt);
  putTime(out, "executionStoppedAt", task.executionStoppedAt);
  putTime(out, "stoppedAt", task.stoppedAt);
  return json::dump(out);
}

Result<Task> decodeTask(const Record& record) {
  std::string where = record.kind + "/" + record.key;
  auto object = json::parseObject(record.value, where);
  if (!object) return object.error();
  Fields fields(*object, where);
  Task task;
  std::string payload = fields.str("payload");
  if (!payload.empty()) {
    auto decoded = decodePayload(payload);
    if (!decoded) return makeError(Code::DataLoss, where + ".payload can't be read");
    task = std::move(*decoded);
  }
  task.arn = fields.requiredStr("arn");
  task.spec.arn = task.arn;
  task.stopWanted = fields.boolean("stopWanted");
  // Records of an agent that did not count had been let in.
  task.admitted = fields.boolean("admitted", true);
  task.arrival = fields.integer("arrival");
  task.reason = fields.str("reason");
  task.roleId = fields.str("roleId");
  task.executionRoleId = fields.str("executionRoleId");
  task.cgroupParent = fields.str("cgroupParent");
  task.network = decodeNetwork(fields);
  task.sent = static_cast<TaskStatus>(std::clamp<int64_t>(fields.integer("sent"), 0, 2));
  task.pullStartedAt = time(fields, "pullStartedAt");
  task.pullStoppedAt = time(fields, "pullStoppedAt");
  task.executionStoppedAt = time(fields, "executionStoppedAt");
  task.stoppedAt = time(fields, "stoppedAt");
  for (const Json* entry : fields.list("containers")) {
    Fields inner(*entry, where + ".containers");
    if (Container* container = task.find(inner.requiredStr("name"))) decode(inner, *container);
    fields.absorb(inner);
  }
  if (Status read = fields.status(); !read) return read.error();
  return task;
}

/// What can't be read is asked anew.
std::optional<RuntimeInfo> decodeRuntime(const std::string& text) {
  auto object = json::parseObject(text, "runtime");
  if (!object) return std::nullopt;
  Fields fields(*object, "runtime");
  RuntimeInfo out;
  out.version = fields.requiredStr("version");
  out.apiVersion = fields.requiredStr("apiVersion");
  out.minApiVersion = fields.str("minApiVersion");
  out.loggingDrivers = fields.strings("loggingDrivers");
  out.volumePlugins = fields.strings("volumePlugins");
  out.systemdGroups = fields.boolean("systemdGroups");
  return fields.status() ? std::optional(std::move(out)) : std::nullopt;
}

Change put(std::string kind, std::string key, std::string value) {
  return Change{std::move(kind), std::move(key), std::move(value)};
}

}  // namespace

Changes toChanges(const Output& output) {
  Changes out;
  for (const Task& task : output.save) out.push_back(put("task", task.arn, encodeTask(task)));
  for (const std::string& arn : output.erase) out.push_back(Change{"task", arn, std::nullopt});
  if (output.timeline) out.push_back(put("meta", "timeline", std::to_string(*output.timeline)));
  return out;
}

Changes registrationChanges(const std::string& cluster, const std::string& instanceArn) {
  return {put("meta", "cluster", cluster), put("meta", "container_instance_arn", instanceArn)};
}

Changes zoneChanges(const std::string& zone) { return {put("meta", "availability_zone", zone)}; }

Changes runtimeChanges(const RuntimeInfo& info) {
  const Json out{{"version", info.version},
                 {"apiVersion", info.apiVersion},
                 {"minApiVersion", info.minApiVersion},
                 {"loggingDrivers", info.loggingDrivers},
                 {"volumePlugins", info.volumePlugins},
                 {"systemdGroups", info.systemdGroups}};
  return {put("meta", "runtime", json::dump(out))};
}

Changes forgetChanges(const std::vector<Record>& records, const std::string& instanceArn) {
  Changes out;
  for (const Record& record : records) {
    if (record.kind == "task" || record.kind == "meta") {
      out.push_back(Change{record.kind, record.key, std::nullopt});
    }
  }
  if (!instanceArn.empty()) out.push_back(put("former", instanceArn, ""));
  return out;
}

Changes sweptChanges(const std::string& instanceArn) { return {Change{"former", instanceArn, std::nullopt}}; }

Stored fromRecords(const std::vector<Record>& records) {
  Stored out;
  for (const Record& record : records) {
    if (record.kind == "task") {
      auto task = decodeTask(record);
      if (task) {
        out.tasks.push_back(std::move(*task));
      } else {
        out.damaged.push_back(task.error().message);
      }
    } else if (record.kind == "former") {
      out.former.push_back(record.key);
    } else if (record.kind == "meta" && record.key == "cluster") {
      out.cluster = record.value;
    } else if (record.kind == "meta" && record.key == "container_instance_arn") {
      out.instanceArn = record.value;
    } else if (record.kind == "meta" && record.key == "availability_zone") {
      out.availabilityZone = record.value;
    } else if (record.kind == "meta" && record.key == "runtime") {
      out.runtime = decodeRuntime(record.value);
    } else if (record.kind == "meta" && record.key == "timeline") {
      auto timeline = parseNumber<int64_t>(record.value);
      if (!timeline) out.damaged.push_back("meta/timeline is no number");
      out.timeline = timeline.value_or(0);
    }
  }
  return out;
}

}  // namespace berth::agent
