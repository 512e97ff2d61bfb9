#include "agent/runtimes/containerd/records.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/network/records.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::containerd {
namespace {

using berth::json::Fields;
using nlohmann::json;

std::optional<WallTime> timeOf(Fields& fields, const char* member) {
  const auto millis = fields.optionalInteger(member);
  return millis ? std::optional(fromEpochMillis(*millis)) : std::nullopt;
}

json networkAsJson(const KeptNetwork& network) {
  json out = {{"mode", network.mode},
              {"hostname", network.hostname},
              {"ports", network::encodePorts(network.ports)},
              {"links", network.links}};
  if (!network.task.empty()) out["task"] = network.task;
  return out;
}

KeptNetwork networkOf(Fields& record) {
  KeptNetwork out;
  const json* object = record.find("network");
  if (!object) return out;
  Fields fields(*object, record.pathOf("network"));
  out.mode = fields.str("mode");
  out.task = fields.str("task");
  out.hostname = fields.str("hostname");
  out.ports = network::decodePorts(fields);
  out.links = fields.strings("links");
  record.absorb(fields);
  return out;
}

json startJson(const KeptStart& start) {
  return {{"terminal", start.terminal},
          {"openInput", start.openInput},
          {"lentMemory", start.lentMemory},
          {"holder", start.holder}};
}

KeptStart startOf(Fields& record) {
  KeptStart out;
  const json* object = record.find("start");
  if (!object) return out;
  Fields fields(*object, record.pathOf("start"));
  out.terminal = fields.boolean("terminal");
  out.openInput = fields.boolean("openInput");
  out.lentMemory = fields.integer("lentMemory");
  out.holder = fields.str("holder");
  record.absorb(fields);
  return out;
}

json healthJson(const HealthPlan& plan) {
  if (plan.command.empty()) return nullptr;
  return {{"command", plan.command},
          {"interval", plan.interval.count()},
          {"timeout", plan.timeout.count()},
          {"startPeriod", plan.startPeriod.count()},
          {"retries", plan.retries}};
}

HealthPlan healthOf(Fields& fields) {
  HealthPlan out;
  out.command = fields.strings("command");
  out.interval = Duration(fields.integer("interval"));
  out.timeout = Duration(fields.integer("timeout"));
  out.startPeriod = Duration(fields.integer("startPeriod"));
  out.retries = static_cast<int>(fields.integer("retries"));
  return out;
}

}  // namespace

std::string encodeRecord(const ContainerRecord& record) {
  json mounts = json::array();
  for (const KeptMount& mount : record.mounts) {
    mounts.push_back({{"volume", mount.volume},
                      {"source", mount.source},
                      {"destination", mount.destination},
                      {"readOnly", mount.readOnly},
                      {"anonymous", mount.anonymous}});
  }
  return berth::json::dump({{"name", record.name},
                            {"labels", record.labels},
                            {"imageId", record.imageId},
                            {"chain", record.chain},
                            {"stopSignal", record.stopSignal},
                            {"group", record.group},
                            {"logBytes", record.log.maxBytes},
                            {"logFiles", record.log.maxFiles},
                            {"network", networkAsJson(record.network)},
                            {"logDriver", record.logDriver.name},
                            {"logOptions", record.logDriver.options},
                            {"health", healthJson(record.health)},
                            {"start", startJson(record.start)},
                            {"mounts", std::move(mounts)}});
}

Result<ContainerRecord> decodeRecord(std::string_view text) {
  const auto object = berth::json::parseObject(text, "the container's record");
  if (!object) return object.error();
  Fields fields(*object, "record");
  ContainerRecord out;
  out.name = fields.requiredStr("name");
  out.labels = fields.stringMap("labels");
  out.imageId = fields.str("imageId");
  out.chain = fields.str("chain");
  out.stopSignal = static_cast<uint32_t>(fields.integer("stopSignal", out.stopSignal));
  out.group = fields.str("group");
  out.log.maxBytes = fields.integer("logBytes", out.log.maxBytes);
  out.log.maxFiles = fields.integer("logFiles", out.log.maxFiles);
  out.network = networkOf(fields);
  out.logDriver = LogDriver{fields.str("logDriver"), fields.stringMap("logOptions")};
  if (const json* health = fields.find("health"); health && health->is_object()) {
    Fields plan(*health, "record.health");
    out.health = healthOf(plan);
    fields.absorb(plan);
  }
  out.start = startOf(fields);
  for (const json* each : fields.list("mounts")) {
    Fields mount(*each, "record.mounts");
    out.mounts.push_back(KeptMount{mount.str("volume"), mount.str("source"), mount.str("destination"),
                                   mount.boolean("readOnly"), mount.boolean("anonymous")});
    fields.absorb(mount);
  }
  if (Status status = fields.status(); !status) return status.error();
  return out;
}

std::string encodeExit(const ExitRecord& exit) {
  json out = {{"code", exit.code}, {"oom", exit.oomKilled}};
  if (exit.startedAt) out["startedAt"] = toEpochMillis(*exit.startedAt);
  if (exit.finishedAt) out["finishedAt"] = toEpochMillis(*exit.finishedAt);
  return berth::json::dump(out);
}

Result<ExitRecord> decodeExit(std::string_view text) {
  const auto object = berth::json::parseObject(text, "the record of the container's end");
  if (!object) return object.error();
  Fields fields(*object, "exit");
  ExitRecord out;
  out.code = static_cast<int>(fields.integer("code"));
  out.oomKilled = fields.boolean("oom");
  out.startedAt = timeOf(fields, "startedAt");
  out.finishedAt = timeOf(fields, "finishedAt");
  if (Status status = fields.status(); !status) return status.error();
  return out;
}

RuntimeContainer describe(const StoredContainer& stored, const ContainerRecord& record,
                          const std::optional<TaskState>& task, std::optional<WallTime> startedAt) {
  RuntimeContainer out;
  out.id = stored.id;
  out.name = record.name;
  out.labels = record.labels;
  out.imageId = record.imageId;
  out.createdAt = stored.createdAt;
  for (const KeptMount& mount : record.mounts) {
    out.mounts.push_back(MountedVolume{mount.volume, mount.source, mount.destination});
  }
  std::ranges::sort(out.mounts, {}, &MountedVolume::destination);
  out.networks.push_back(NetworkAddress{record.network.mode, "", "", ""});
  if (task && (task->status == TaskStatus::Running || task->status == TaskStatus::Paused)) {
    out.state = RunState::Running;
    out.pid = task->pid;
    out.startedAt = startedAt;
    return out;
  }
  if (task && task->status == TaskStatus::Created) return out;
  const auto exit = decodeExit(stored.exit);
  if (exit) {
    out.state = RunState::Exited;
    out.exitCode = exit->code;
    out.oomKilled = exit->oomKilled;
    out.startedAt = exit->startedAt;
    out.finishedAt = exit->finishedAt;
  } else if (startedAt) {
    out.state = RunState::Exited;
    out.startedAt = startedAt;
    out.error = "the container ended while nobody watched: its exit code is not known";
  }
  return out;
}

}  // namespace berth::agent::containerd
