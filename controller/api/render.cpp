#include "controller/api/render.hpp"

#include <algorithm>

#include "controller/api/capacity.hpp"
#include "controller/api/gpus.hpp"
#include "controller/api/statistics.hpp"
#include "proto/ecs/task_address.hpp"
#include "proto/json/fields.hpp"
#include "proto/json/writer.hpp"

namespace berth::controller {
namespace {

using json::Writer;

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

Json stringsResource(const char* name, Json values) {
  return Json{{"name", name},   {"type", "STRINGSET"}, {"doubleValue", 0.0},
              {"longValue", 0}, {"integerValue", 0},   {"stringSetValue", std::move(values)}};
}

Json portResource(const char* name, const std::set<uint16_t>& reserved, const std::set<uint16_t>* used) {
  Json ports = Json::array();
  for (uint16_t port : reserved) ports.push_back(std::to_string(port));
  if (used) {
    for (uint16_t port : *used) ports.push_back(std::to_string(port));
  }
  return stringsResource(name, std::move(ports));
}

/// "8000-8010".
std::string rangeOf(uint16_t first, uint16_t last) {
  return std::to_string(first) + "-" + std::to_string(last);
}

void putText(Writer& out, const char* name, const std::string& value) {
  if (!value.empty()) out.text(name, value);
}

void putTime(Writer& out, const char* name, const std::optional<WallTime>& time) {
  if (time) out.real(name, toEpochSeconds(*time));
}

void putEmptyList(Writer& out, const char* name) {
  out.openList(name);
  out.closeList();
}

void writeBinding(Writer& out, const NetworkBinding& binding) {
  out.openObject();
  out.text("bindIP", binding.bindIp);
  out.text("protocol", binding.udp ? "udp" : "tcp");
  if (binding.lastContainerPort == 0) {
    out.integer("containerPort", binding.containerPort);
    out.integer("hostPort", binding.hostPort);
  } else {
    out.text("containerPortRange", rangeOf(binding.containerPort, binding.lastContainerPort));
    out.text("hostPortRange", rangeOf(binding.hostPort, binding.lastHostPort));
  }
  out.closeObject();
}

/// Of a container: those of its task.
void writeInterfaces(Writer& out, const Task& task) {
  out.openList("networkInterfaces");
  if (!task.address.empty()) {
    const Json address = parsed(task.address, Json::object());
    out.openObject();
    out.text("attachmentId", task.attachmentId());
    putText(out, "privateIpv4Address", text(address, ecs::kPrivateIpv4Address));
    putText(out, "ipv6Address", text(address, ecs::kIpv6Address));
    out.closeObject();
  }
  out.closeList();
}

std::string_view attachmentStatus(const Task& task) {
  if (task.lastStatus == TaskStatus::Stopped) return "DELETED";
  if (!task.address.empty()) return "ATTACHED";
  return task.instance.empty() ? "PRECREATED" : "ATTACHING";
}

/// As the service shows the network interface of a task in mode awsvpc.
void writeAttachments(Writer& out, const Task& task) {
  out.openList("attachments");
  if (!task.spec->subnet.empty()) {
    constexpr size_t kDigits = 17;
    std::string digits = task.attachmentId();
    std::erase(digits, '-');
    const Json address = parsed(task.address, Json::object());
    const auto detail = [&](const char* name, const std::string& value) {
      if (value.empty()) return;
      out.openObject();
      out.text("name", name);
      out.text("value", value);
      out.closeObject();
    };
    out.openObject();
    out.text("id", task.attachmentId());
    out.text("type", "ElasticNetworkInterface");
    out.text("status", attachmentStatus(task));
    out.openList("details");
    detail("subnetId", task.spec->subnet);
    detail("networkInterfaceId", "eni-" + digits.substr(digits.size() - kDigits));
    detail("macAddress", text(address, ecs::kMacAddress));
    detail("privateDnsName", text(address, ecs::kPrivateDnsName));
    detail("privateIPv4Address", text(address, ecs::kPrivateIpv4Address));
    out.closeList();
    out.closeObject();
  }
  out.closeList();
}

void writeContainer(Writer& out, const ecs::Names& names, const Task& task, const std::string& taskArn,
                    size_t place) {
  const TaskContainer& container = task.containers[place];
  const ContainerSpec& spec = task.spec->containers[place];
  out.openObject();
  out.text("containerArn", names.container(task.spec->cluster, task.id, task.containerId(place)));
  out.text("taskArn", taskArn);
  out.text("name", spec.name);
  out.text("image", spec.image);
  out.text("lastStatus", name(container.status));
  out.text("healthStatus", name(container.health));
  writeInterfaces(out, task);
  out.text("cpu", spec.cpu);
  putText(out, "memory", spec.memory);
  putText(out, "memoryReservation", spec.memoryReservation);
  putText(out, "imageDigest", container.imageDigest);
  putText(out, "runtimeId", container.runtimeId);
  putText(out, "reason", container.reason);
  if (container.exitCode) out.integer("exitCode", *container.exitCode);
  out.openList("networkBindings");
  for (const NetworkBinding& binding : container.bindings) writeBinding(out, binding);
  out.closeList();
  if (const auto gpus = gpuIds(task.spec->resources, spec.name); !gpus.empty()) {
    out.openList("gpuIds");
    for (const std::string& gpu : gpus) out.text(gpu);
    out.closeList();
  }
  out.closeObject();
}

/// As the service shows them: with every container named when none was.
void writeOverrides(Writer& out, const TaskSpec& spec) {
  Json given = parsed(spec.overrides, Json::object());
  out.openObject("overrides");
  const auto named = given.find("containerOverrides");
  if (named == given.end() || named->empty()) {
    out.openList("containerOverrides");
    for (const ContainerSpec& container : spec.containers) {
      out.openObject();
      out.text("name", container.name);
      out.closeObject();
    }
    out.closeList();
    given.erase("containerOverrides");
  }
  given.emplace("inferenceAcceleratorOverrides", Json::array());
  for (const auto& [member, value] : given.items()) out.raw(member, json::dump(value));
  out.closeObject();
}

void putTaskTimes(Writer& out, const Task& task) {
  out.real("createdAt", toEpochSeconds(task.createdAt));
  putTime(out, "pullStartedAt", task.pullStartedAt);
  putTime(out, "pullStoppedAt", task.pullStoppedAt);
  putTime(out, "startedAt", task.startedAt);
  putTime(out, "stoppingAt", task.stoppingAt);
  putTime(out, "executionStoppedAt", task.executionStoppedAt);
  putTime(out, "stoppedAt", task.stoppedAt);
}

void putInstance(Writer& out, const Instance& instance, const Task& task) {
  const Attribute* zone = instance.attribute("ecs.availability-zone");
  if (zone && zone->value) out.text("availabilityZone", *zone->value);
  if (task.lastStatus == TaskStatus::Stopped) return;
  out.text("connectivity", instance.connected ? "CONNECTED" : "DISCONNECTED");
}

}  // namespace

std::string arnOf(const ecs::Names& names, const Cluster& cluster) {
  return names.cluster(cluster.name).str();
}
std::string arnOf(const ecs::Names& names, const Instance& instance) {
  return (instance.oldArn ? names.oldInstance(instance.id) : names.instance(instance.cluster, instance.id))
      .str();
}
std::string arnOf(const ecs::Names& names, const Task& task) {
  return names.task(task.spec->cluster, task.id).str();
}
std::string arnOf(const ecs::Names& names, const TaskDefinition& definition) {
  return names.taskDefinition(definition.family, definition.revision).str();
}

std::string instanceArnOf(const State& state, const ecs::Names& names, const Task& task) {
  const Instance* instance = state.instance(task.instance);
  return instance ? arnOf(names, *instance) : names.instance(task.spec->cluster, task.instance).str();
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
  int64_t running = 0;
  int64_t pending = 0;
  const Fleet& fleet = state.fleet();
  const auto& instances = fleet.in(cluster.name);
  for (const Fleet::Slot slot : instances) {
    running += fleet.at(slot).load->begun;
    pending += fleet.at(slot).load->pending;
  }
  auto wants = [&](const char* value) {
    return std::find(include.begin(), include.end(), value) != include.end();
  };
  Json document = parsed(cluster.document, Json::object());
  Json out{{"clusterArn", arnOf(names, cluster)},
           {"clusterName", cluster.name},
           {"status", cluster.active ? "ACTIVE" : "INACTIVE"},
           {"registeredContainerInstancesCount", instances.size()},
           {"runningTasksCount", running},
           {"pendingTasksCount", pending},
           {"activeServicesCount", activeServices(state, cluster.name)},
           {"statistics", Json::array()},
           {"tags", wants("TAGS") ? parsed(cluster.tags, Json::array()) : Json::array()},
           {"settings", wants("SETTINGS") ? document["settings"] : Json::array()},
           {"capacityProviders", cluster.capacityProviders},
           {"defaultCapacityProviderStrategy", shownStrategy(cluster.defaultStrategy)}};
  if (wants("ATTACHMENTS") && !cluster.capacityProviders.empty()) {
    // Nothing has to be made for a provider, so each attachment is complete at once.
    out["attachments"] = Json::array();
    out["attachmentsStatus"] = "UPDATE_COMPLETE";
  }
  if (wants("CONFIGURATIONS") && document.contains("configuration")) {
    out["configuration"] = document["configuration"];
  }
  if (document.contains("serviceConnectDefaults")) {
    out["serviceConnectDefaults"] = document["serviceConnectDefaults"];
  }
  if (wants("STATISTICS")) out["statistics"] = clusterStatistics(state, cluster.name);
  return out;
}

Json renderInstance(const State& state, const ecs::Names& names, const Instance& instance, bool withTags) {
  const Resources& used = state.used(instance.id);
  const Resources& all = instance.registered;
  const Load& load = state.load(instance.id);
  Json attributes = Json::array();
  for (const Attribute& attribute : *instance.attributes) {
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
           {"runningTasksCount", load.settled},
           {"pendingTasksCount", load.pending},
           {"attributes", std::move(attributes)},
           {"attachments", Json::array()},
           {"registeredAt", toEpochSeconds(instance.registeredAt)},
           {"tags", withTags ? parsed(instance.tags, Json::array()) : Json::array()}};
  if (!all.gpus.empty()) {
    out["registeredResources"].push_back(stringsResource("GPU", gpuIds(all, {})));
    out["remainingResources"].push_back(stringsResource("GPU", freeGpuIds(all, used)));
  }
  putText(out, "ec2InstanceId", instance.ec2InstanceId);
  if (const Attribute* provider = instance.attribute(kProviderAttribute)) {
    putText(out, "capacityProviderName", provider->value.value_or(""));
  }
  return out;
}

void writeTask(Writer& out, const State& state, const ecs::Names& names, const Task& task, bool withTags) {
  const TaskSpec& spec = *task.spec;
  const std::string arn = arnOf(names, task);
  out.openObject();
  out.text("taskArn", arn);
  out.text("clusterArn", names.cluster(spec.cluster).str());
  out.text("taskDefinitionArn", names.taskDefinition(spec.definition).str());
  out.text("group", spec.group);
  writeOverrides(out, spec);
  out.text("lastStatus", name(task.lastStatus));
  out.text("desiredStatus", task.stopWanted ? "STOPPED" : "RUNNING");
  out.openList("containers");
  for (size_t place = 0; place < task.containers.size(); ++place) {
    writeContainer(out, names, task, arn, place);
  }
  out.closeList();
  out.integer("version", task.version);
  out.text("healthStatus", name(healthOf(task)));
  out.boolean("enableExecuteCommand", spec.enableExecuteCommand);
  writeAttachments(out, task);
  putEmptyList(out, "attributes");
  out.raw("tags", withTags && !task.tags.empty() ? task.tags : "[]");
  if (spec.capacityProvider.empty()) {
    out.text("launchType", spec.launchType);
  } else {
    out.text("capacityProviderName", spec.capacityProvider);
  }
  if (!task.instance.empty()) out.text("containerInstanceArn", instanceArnOf(state, names, task));
  putText(out, "startedBy", task.startedBy);
  putText(out, "stopCode", task.stopCode);
  putText(out, "stoppedReason", task.stoppedReason);
  putText(out, "cpu", spec.cpu);
  putText(out, "memory", spec.memory);
  putTaskTimes(out, task);
  if (const Instance* instance = state.instance(task.instance)) putInstance(out, *instance, task);
  out.closeObject();
}

Json renderTask(const State& state, const ecs::Names& names, const Task& task, bool withTags) {
  Writer out;
  writeTask(out, state, names, task, withTags);
  return Json::parse(out.str());
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
