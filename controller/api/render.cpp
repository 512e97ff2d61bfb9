#include "controller/api/render.hpp"

#include <algorithm>

#include "controller/api/statistics.hpp"

namespace berth::controller {
namespace {

void putTime(Json& out, const char* name, const std::optional<WallTime>& time) {
  if (time) out[name] = toEpochSeconds(*time);
}

void putText(Json& out, const char* name, const std::string& value) {
  if (!value.empty()) out[name] = value;
}

Json integerResource(const char* name, int64_t value) {
  return Json{
      {"name", name}, {"type", "INTEGER"}, {"doubleValue", 0.0}, {"longValue", 0}, {"integerValue", value}};
}

Json portResource(const char* name, const std::set<uint16_t>& reserved, const std::set<uint16_t>* used) {
  Json ports = Json::array();
  for (uint16_t port : reserved) ports.push_back(std::to_string(port));
  if (used) {
    for (uint16_t port : *used) ports.push_back(std::to_string(port));
  }
  return Json{{"name", name},   {"type", "STRINGSET"}, {"doubleValue", 0.0},
              {"longValue", 0}, {"integerValue", 0},   {"stringSetValue", std::move(ports)}};
}

Json renderContainer(const ecs::Names& names, const Task& task, const TaskContainer& container) {
  Json out{{"containerArn", names.container(task.cluster, task.id, container.id)},
           {"taskArn", arnOf(names, task)},
           {"name", container.name},
           {"image", container.image},
           {"lastStatus", name(container.status)},
           {"healthStatus", container.healthStatus},
           {"networkInterfaces", Json::array()},
           {"cpu", container.cpu}};
  putText(out, "memory", container.memory);
  putText(out, "memoryReservation", container.memoryReservation);
  putText(out, "imageDigest", container.imageDigest);
  putText(out, "runtimeId", container.runtimeId);
  putText(out, "reason", container.reason);
  if (container.exitCode) out["exitCode"] = *container.exitCode;
  Json bindings = Json::array();
  for (const NetworkBinding& binding : container.bindings) {
    Json shown{{"bindIP", binding.bindIp}, {"protocol", binding.protocol}};
    if (binding.containerPortRange.empty()) {
      shown["containerPort"] = binding.containerPort;
      shown["hostPort"] = binding.hostPort;
    } else {
      shown["containerPortRange"] = binding.containerPortRange;
      shown["hostPortRange"] = binding.hostPortRange;
    }
    bindings.push_back(std::move(shown));
  }
  out["networkBindings"] = std::move(bindings);
  return out;
}

/// Of the essential containers that have a check: UNHEALTHY when any is, HEALTHY when all are, else UNKNOWN.
std::string healthOf(const Task& task) {
  size_t checked = 0;
  size_t healthy = 0;
  for (const TaskContainer& container : task.containers) {
    if (!container.essential || !container.checksHealth) continue;
    if (container.healthStatus == "UNHEALTHY") return "UNHEALTHY";
    ++checked;
    healthy += container.healthStatus == "HEALTHY";
  }
  return checked > 0 && healthy == checked ? "HEALTHY" : "UNKNOWN";
}

void putTaskTimes(Json& out, const Task& task) {
  out["createdAt"] = toEpochSeconds(task.createdAt);
  putTime(out, "pullStartedAt", task.pullStartedAt);
  putTime(out, "pullStoppedAt", task.pullStoppedAt);
  putTime(out, "startedAt", task.startedAt);
  putTime(out, "stoppingAt", task.stoppingAt);
  putTime(out, "executionStoppedAt", task.executionStoppedAt);
  putTime(out, "stoppedAt", task.stoppedAt);
}

}  // namespace

std::string arnOf(const ecs::Names& names, const Cluster& cluster) {
  return names.cluster(cluster.name).str();
}
std::string arnOf(const ecs::Names& names, const Instance& instance) {
  return names.instance(instance.cluster, instance.id).str();
}
std::string arnOf(const ecs::Names& names, const Task& task) {
  return names.task(task.cluster, task.id).str();
}
std::string arnOf(const ecs::Names& names, const TaskDefinition& definition) {
  return names.taskDefinition(definition.family, definition.revision).str();
}

std::vector<std::string> included(const Json& input) {
  return input.value("include", std::vector<std::string>{});
}

bool includes(const Json& input, std::string_view value) {
  auto all = included(input);
  return std::find(all.begin(), all.end(), value) != all.end();
}

Json renderCluster(const State& state, const ecs::Names& names, const Cluster& cluster,
                   const std::vector<std::string>& include) {
  int64_t instances = 0;
  int64_t running = 0;
  int64_t pending = 0;
  for (const auto& [id, instance] : state.instances()) {
    if (instance.cluster != cluster.name || instance.status == "INACTIVE") continue;
    ++instances;
    for (const std::string& task_id : state.tasksOn(id)) {
      TaskStatus status = state.task(task_id)->lastStatus;
      running += status == TaskStatus::Running || status == TaskStatus::Stopping;
      pending += status == TaskStatus::Pending;
    }
  }
  auto wants = [&](const char* value) {
    return std::find(include.begin(), include.end(), value) != include.end();
  };
  Json document = parsed(cluster.document, Json::object());
  Json out{{"clusterArn", arnOf(names, cluster)},
           {"clusterName", cluster.name},
           {"status", cluster.active ? "ACTIVE" : "INACTIVE"},
           {"registeredContainerInstancesCount", instances},
           {"runningTasksCount", running},
           {"pendingTasksCount", pending},
           {"activeServicesCount", activeServices(state, cluster.name)},
           {"statistics", Json::array()},
           {"tags", wants("TAGS") ? parsed(cluster.tags, Json::array()) : Json::array()},
           {"settings", wants("SETTINGS") ? document["settings"] : Json::array()},
           {"capacityProviders", Json::array()},
           {"defaultCapacityProviderStrategy", Json::array()}};
  if (wants("CONFIGURATIONS") && document.contains("configuration")) {
    out["configuration"] = document["configuration"];
  }
  if (wants("STATISTICS")) out["statistics"] = clusterStatistics(state, cluster.name);
  return out;
}

Json renderInstance(const State& state, const ecs::Names& names, const Instance& instance, bool withTags) {
  const Resources& used = state.used(instance.id);
  const Resources& all = instance.registered;
  int64_t running = 0;
  int64_t pending = 0;
  for (const std::string& id : state.tasksOn(instance.id)) {
    const Task& task = *state.task(id);
    running += task.lastStatus == TaskStatus::Running && !task.stopWanted;
    pending += task.lastStatus == TaskStatus::Pending;
  }
  Json attributes = Json::array();
  for (const Attribute& attribute : instance.attributes) {
    Json entry{{"name", attribute.name}};
    if (attribute.value) entry["value"] = *attribute.value;
    attributes.push_back(std::move(entry));
  }
  Json version = Json::object();
  putText(version, "agentVersion", instance.agentVersion);
  putText(version, "agentHash", instance.agentHash);
  putText(version, "dockerVersion", instance.dockerVersion);
  Json out{{"containerInstanceArn", arnOf(names, instance)},
           {"version", instance.version},
           {"versionInfo", std::move(version)},
           {"registeredResources",
            Json::array({integerResource("CPU", all.cpu), integerResource("MEMORY", all.memory),
                         portResource("PORTS", all.ports, nullptr),
                         portResource("PORTS_UDP", all.udpPorts, nullptr)})},
           {"remainingResources", Json::array({integerResource("CPU", all.cpu - used.cpu),
                                               integerResource("MEMORY", all.memory - used.memory),
                                               portResource("PORTS", all.ports, &used.ports),
                                               portResource("PORTS_UDP", all.udpPorts, &used.udpPorts)})},
           {"status", instance.status},
           {"agentConnected", instance.connected},
           {"runningTasksCount", running},
           {"pendingTasksCount", pending},
           {"attributes", std::move(attributes)},
           {"attachments", Json::array()},
           {"registeredAt", toEpochSeconds(instance.registeredAt)},
           {"tags", withTags ? parsed(instance.tags, Json::array()) : Json::array()}};
  putText(out, "ec2InstanceId", instance.ec2InstanceId);
  return out;
}

Json renderTask(const State& state, const ecs::Names& names, const Task& task, bool withTags) {
  size_t colon = task.definition.rfind(':');
  std::string family = task.definition.substr(0, colon);
  int64_t revision = std::stoll(task.definition.substr(colon + 1));
  Json containers = Json::array();
  for (const TaskContainer& container : task.containers) {
    containers.push_back(renderContainer(names, task, container));
  }
  Json out{{"taskArn", arnOf(names, task)},
           {"clusterArn", names.cluster(task.cluster).str()},
           {"taskDefinitionArn", names.taskDefinition(family, revision).str()},
           {"containerInstanceArn", names.instance(task.cluster, task.instance).str()},
           {"group", task.group},
           {"launchType", task.launchType},
           {"overrides", parsed(task.overrides, Json::object())},
           {"lastStatus", name(task.lastStatus)},
           {"desiredStatus", task.stopWanted ? "STOPPED" : "RUNNING"},
           {"containers", std::move(containers)},
           {"version", task.version},
           {"healthStatus", healthOf(task)},
           {"enableExecuteCommand", task.enableExecuteCommand},
           {"attachments", Json::array()},
           {"attributes", Json::array()},
           {"tags", withTags ? parsed(task.tags, Json::array()) : Json::array()}};
  putText(out, "startedBy", task.startedBy);
  putText(out, "stopCode", task.stopCode);
  putText(out, "stoppedReason", task.stoppedReason);
  putText(out, "cpu", task.cpu);
  putText(out, "memory", task.memory);
  putTaskTimes(out, task);
  if (const Instance* instance = state.instance(task.instance)) {
    for (const Attribute& attribute : instance->attributes) {
      if (attribute.name == "ecs.availability-zone" && attribute.value) {
        out["availabilityZone"] = *attribute.value;
      }
    }
    if (task.lastStatus != TaskStatus::Stopped) {
      out["connectivity"] = instance->connected ? "CONNECTED" : "DISCONNECTED";
    }
  }
  return out;
}

Json renderDefinition(const ecs::Names& names, const TaskDefinition& definition) {
  Json out = parsed(definition.document, Json::object());
  out["taskDefinitionArn"] = arnOf(names, definition);
  out["family"] = definition.family;
  out["revision"] = definition.revision;
  out["status"] = definition.status();
  out["registeredAt"] = toEpochSeconds(definition.registeredAt);
  putTime(out, "deregisteredAt", definition.deregisteredAt);
  putTime(out, "deleteRequestedAt", definition.deleteRequestedAt);
  putText(out, "registeredBy", definition.registeredBy);
  return out;
}

}  // namespace berth::controller
