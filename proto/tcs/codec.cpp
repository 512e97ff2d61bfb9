#include "proto/tcs/codec.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "proto/json/fields.hpp"
#include "proto/json/writer.hpp"

namespace berth::tcs {
namespace {

using Json = nlohmann::json;
using json::Fields;

Json envelope(std::string_view type, Json message) {
  return Json{{"type", type}, {"message", std::move(message)}};
}

Json real(const NumberSet& set) {
  return Json{{"min", set.min}, {"max", set.max}, {"sum", set.sum}, {"sampleCount", set.sampleCount}};
}

constexpr uint64_t kMostSigned = std::numeric_limits<int64_t>::max();

/// What fits into 63 bits, and what does not (amazon-ecs-agent, agent/stats/queue.go).
void encodeCounter(Json& out, const char* key, const char* overflowKey, uint64_t value) {
  out[key] = std::min(value, kMostSigned);
  out[overflowKey] = value > kMostSigned ? value % kMostSigned : 0;
}

/// Counters travel as whole numbers.
Json whole(const CounterSet& set) {
  Json out{{"sampleCount", set.sampleCount}};
  encodeCounter(out, "min", "overflowMin", set.min);
  encodeCounter(out, "max", "overflowMax", set.max);
  encodeCounter(out, "sum", "overflowSum", set.sum);
  return out;
}

Json encodeNetwork(const NetworkSets& network) {
  return Json{{"rxBytes", whole(network.rxBytes)},
              {"rxPackets", whole(network.rxPackets)},
              {"rxErrors", whole(network.rxErrors)},
              {"rxDropped", whole(network.rxDropped)},
              {"rxBytesPerSecond", real(network.rxBytesPerSecond)},
              {"txBytes", whole(network.txBytes)},
              {"txPackets", whole(network.txPackets)},
              {"txErrors", whole(network.txErrors)},
              {"txDropped", whole(network.txDropped)},
              {"txBytesPerSecond", real(network.txBytesPerSecond)}};
}

Json encodeContainer(const ContainerMetric& metric) {
  Json out{{"containerName", metric.name},
           {"cpuStatsSet", real(metric.cpu)},
           {"memoryStatsSet", real(metric.memory)},
           {"storageStatsSet",
            Json{{"readSizeBytes", whole(metric.readBytes)}, {"writeSizeBytes", whole(metric.writeBytes)}}}};
  if (!metric.arn.empty()) out["containerArn"] = metric.arn;
  if (metric.network) out["networkStatsSet"] = encodeNetwork(*metric.network);
  if (metric.restarts) out["restartStatsSet"] = Json{{"restartCount", *metric.restarts}};
  return out;
}

Json encodeMetadata(const Metadata& metadata) {
  return Json{{"cluster", metadata.cluster},
              {"containerInstance", metadata.containerInstance},
              {"messageId", metadata.messageId},
              {"fin", metadata.fin}};
}

template <class Task>
Json encodeTask(const Task& task) {
  return Json{{"taskArn", task.taskArn},
              {"clusterArn", task.clusterArn},
              {"taskDefinitionFamily", task.family},
              {"taskDefinitionVersion", task.version}};
}

struct Encoder {
  Json operator()(const PublishMetrics& metrics) const {
    Json tasks = Json::array();
    for (const TaskMetric& task : metrics.tasks) {
      Json entry = encodeTask(task);
      entry["containerMetrics"] = Json::array();
      for (const ContainerMetric& metric : task.containers) {
        entry["containerMetrics"].push_back(encodeContainer(metric));
      }
      tasks.push_back(std::move(entry));
    }
    Json metadata = encodeMetadata(metrics.metadata);
    metadata["idle"] = metrics.metadata.idle;
    return envelope(kPublishMetrics, Json{{"metadata", std::move(metadata)},
                                          {"taskMetrics", std::move(tasks)},
                                          {"timestamp", toEpochSeconds(metrics.timestamp)}});
  }
  Json operator()(const PublishHealth& health) const {
    Json tasks = Json::array();
    for (const TaskHealth& task : health.tasks) {
      Json entry = encodeTask(task);
      entry["containers"] = Json::array();
      for (const ContainerHealth& container : task.containers) {
        Json one{{"containerName", container.name}, {"healthStatus", container.status}};
        if (container.since) one["statusSince"] = toEpochSeconds(*container.since);
        if (!container.output.empty()) one["statusMessage"] = container.output;
        entry["containers"].push_back(std::move(one));
      }
      tasks.push_back(std::move(entry));
    }
    return envelope("PublishHealthRequest", Json{{"metadata", encodeMetadata(health.metadata)},
                                                 {"tasks", std::move(tasks)},
                                                 {"timestamp", toEpochSeconds(health.timestamp)}});
  }
  Json operator()(const PublishInstanceStatus& sent) const {
    Json statuses = Json::array();
    for (const InstanceStatus& status : sent.statuses) {
      Json one{{"type", status.type},
               {"status", status.status},
               {"lastUpdated", toEpochSeconds(status.updated)},
               {"lastStatusChange", toEpochSeconds(status.changed)}};
      if (!status.reason.empty()) one["statusReason"] = status.reason;
      statuses.push_back(std::move(one));
    }
    Json metadata{{"cluster", sent.cluster},
                  {"containerInstance", sent.containerInstance},
                  {"requestId", sent.requestId}};
    return envelope("PublishInstanceStatusRequest", Json{{"metadata", std::move(metadata)},
                                                         {"statuses", std::move(statuses)},
                                                         {"timestamp", toEpochSeconds(sent.timestamp)}});
  }
  Json operator()(const Other& other) const { return envelope(other.type, Json::object()); }
};

Metadata decodeMetadata(Fields& message) {
  Metadata out;
  if (const Json* metadata = message.find("metadata")) {
    Fields fields(*metadata, "metadata");
    out.cluster = fields.str("cluster");
    out.containerInstance = fields.str("containerInstance");
    out.messageId = fields.str("messageId");
    out.idle = fields.boolean("idle");
    out.fin = fields.boolean("fin");
    message.absorb(fields);
  }
  return out;
}

template <class Task>
void decodeTask(Fields& fields, Task& task) {
  task.taskArn = fields.str("taskArn");
  task.clusterArn = fields.str("clusterArn");
  task.family = fields.str("taskDefinitionFamily");
  task.version = fields.str("taskDefinitionVersion");
}

NumberSet decodeSet(Fields& parent, std::string_view key) {
  NumberSet out;
  const Json* set = parent.find(key);
  if (!set) return out;
  Fields fields(*set, parent.pathOf(key));
  out.min = fields.number("min");
  out.max = fields.number("max");
  out.sum = fields.number("sum");
  out.sampleCount = fields.integer("sampleCount");
  parent.absorb(fields);
  return out;
}

/// The inverse of encodeCounter.
uint64_t decodeCounter(Fields& fields, std::string_view key, std::string_view overflowKey) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(fields.integer(key), 0));
  const auto overflow = static_cast<uint64_t>(std::max<int64_t>(fields.integer(overflowKey), 0));
  if (value < kMostSigned || overflow == 0) return value;
  return kMostSigned + overflow;
}

CounterSet decodeCounters(Fields& parent, std::string_view key) {
  CounterSet out;
  const Json* set = parent.find(key);
  if (!set) return out;
  Fields fields(*set, parent.pathOf(key));
  out.min = decodeCounter(fields, "min", "overflowMin");
  out.max = decodeCounter(fields, "max", "overflowMax");
  out.sum = decodeCounter(fields, "sum", "overflowSum");
  out.sampleCount = fields.integer("sampleCount");
  parent.absorb(fields);
  return out;
}

void decodeRestarts(Fields& parent, ContainerMetric& metric) {
  const Json* set = parent.find("restartStatsSet");
  if (!set) return;
  Fields fields(*set, parent.pathOf("restartStatsSet"));
  metric.restarts = fields.integer("restartCount");
  parent.absorb(fields);
}

void decodeStorage(Fields& parent, ContainerMetric& metric) {
  const Json* sets = parent.find("storageStatsSet");
  if (!sets) return;
  Fields fields(*sets, parent.pathOf("storageStatsSet"));
  metric.readBytes = decodeCounters(fields, "readSizeBytes");
  metric.writeBytes = decodeCounters(fields, "writeSizeBytes");
  parent.absorb(fields);
}

void decodeNetwork(Fields& parent, ContainerMetric& metric) {
  const Json* sets = parent.find("networkStatsSet");
  if (!sets) return;
  Fields fields(*sets, parent.pathOf("networkStatsSet"));
  NetworkSets& network = metric.network.emplace();
  network.rxBytes = decodeCounters(fields, "rxBytes");
  network.rxPackets = decodeCounters(fields, "rxPackets");
  network.rxErrors = decodeCounters(fields, "rxErrors");
  network.rxDropped = decodeCounters(fields, "rxDropped");
  network.rxBytesPerSecond = decodeSet(fields, "rxBytesPerSecond");
  network.txBytes = decodeCounters(fields, "txBytes");
  network.txPackets = decodeCounters(fields, "txPackets");
  network.txErrors = decodeCounters(fields, "txErrors");
  network.txDropped = decodeCounters(fields, "txDropped");
  network.txBytesPerSecond = decodeSet(fields, "txBytesPerSecond");
  parent.absorb(fields);
}

PublishMetrics decodeMetrics(Fields& message) {
  PublishMetrics out;
  out.metadata = decodeMetadata(message);
  for (const Json* entry : message.list("taskMetrics")) {
    Fields fields(*entry, "taskMetrics");
    TaskMetric task;
    decodeTask(fields, task);
    for (const Json* metric : fields.list("containerMetrics")) {
      Fields inner(*metric, "containerMetrics");
      ContainerMetric container;
      container.name = inner.str("containerName");
      container.arn = inner.str("containerArn");
      container.cpu = decodeSet(inner, "cpuStatsSet");
      container.memory = decodeSet(inner, "memoryStatsSet");
      decodeStorage(inner, container);
      decodeNetwork(inner, container);
      decodeRestarts(inner, container);
      fields.absorb(inner);
      task.containers.push_back(std::move(container));
    }
    message.absorb(fields);
    out.tasks.push_back(std::move(task));
  }
  return out;
}

PublishHealth decodeHealth(Fields& message) {
  PublishHealth out;
  out.metadata = decodeMetadata(message);
  for (const Json* entry : message.list("tasks")) {
    Fields fields(*entry, "tasks");
    TaskHealth task;
    decodeTask(fields, task);
    for (const Json* one : fields.list("containers")) {
      Fields inner(*one, "containers");
      ContainerHealth container;
      container.name = inner.str("containerName");
      container.status = inner.str("healthStatus");
      container.output = inner.str("statusMessage");
      fields.absorb(inner);
      task.containers.push_back(std::move(container));
    }
    message.absorb(fields);
    out.tasks.push_back(std::move(task));
  }
  return out;
}

WallTime decodeTime(Fields& fields, std::string_view key) { return fromEpochSeconds(fields.number(key)); }

PublishInstanceStatus decodeInstanceStatus(Fields& message) {
  PublishInstanceStatus out;
  if (const Json* metadata = message.find("metadata")) {
    Fields fields(*metadata, "metadata");
    out.cluster = fields.str("cluster");
    out.containerInstance = fields.str("containerInstance");
    out.requestId = fields.str("requestId");
    message.absorb(fields);
  }
  for (const Json* entry : message.list("statuses")) {
    Fields fields(*entry, "statuses");
    InstanceStatus status;
    status.type = fields.str("type");
    status.status = fields.str("status");
    status.reason = fields.str("statusReason");
    status.updated = decodeTime(fields, "lastUpdated");
    status.changed = decodeTime(fields, "lastStatusChange");
    message.absorb(fields);
    out.statuses.push_back(std::move(status));
  }
  return out;
}

struct Envelope {
  Json object;
  std::string type;
};

/// An agent's frame from its envelope on.
Result<std::string_view> withoutHeaders(std::string_view text) {
  if (text.starts_with('{')) return text;
  // Without a single header, the empty line that ends them comes first.
  if (text.starts_with("\r\n")) return text.substr(2);
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return makeError(Code::InvalidArgument,
                     "the TCS frame has neither an envelope nor an end of its headers");
  }
  return text.substr(end + 4);
}

/// With no other members than those of `members`, where some are named.
Result<Envelope> open(std::string_view text, const std::vector<std::string_view>& members = {}) {
  auto object = json::parseObject(text, "the TCS frame", members);
  if (!object) return object.error();
  Envelope out;
  out.object = std::move(*object);
  Fields fields(out.object, "frame");
  out.type = fields.requiredStr("type");
  if (Status status = fields.status(); !status) return status.error();
  return out;
}

}  // namespace

void NumberSet::add(double value) {
  min = sampleCount == 0 ? value : std::min(min, value);
  max = sampleCount == 0 ? value : std::max(max, value);
  sum += value;
  ++sampleCount;
}

void CounterSet::add(uint64_t value) {
  min = sampleCount == 0 ? value : std::min(min, value);
  max = sampleCount == 0 ? value : std::max(max, value);
  sum =
      value > std::numeric_limits<uint64_t>::max() - sum ? std::numeric_limits<uint64_t>::max() : sum + value;
  ++sampleCount;
}

std::string encode(const FromAgent& message) { return json::dump(std::visit(Encoder{}, message)); }

std::string frame(std::vector<std::pair<std::string, std::string>> headers, const std::string& envelope) {
  std::sort(headers.begin(), headers.end());
  std::string out;
  for (const auto& [name, value] : headers) out += name + ": " + value + "\r\n";
  return out + "\r\n" + envelope;
}

Result<FromAgent> decodeFromAgent(std::string_view text) {
  const auto body_text = withoutHeaders(text);
  if (!body_text) return body_text.error();
  auto envelope = open(*body_text);
  if (!envelope) return envelope.error();
  static const Json kEmpty = Json::object();
  Fields outer(envelope->object, "frame");
  const Json* body = outer.find("message");
  Fields message(body ? *body : kEmpty, "message");
  FromAgent out = Other{envelope->type};
  if (envelope->type == kPublishMetrics) out = decodeMetrics(message);
  if (envelope->type == "PublishHealthRequest") out = decodeHealth(message);
  if (envelope->type == "PublishInstanceStatusRequest") out = decodeInstanceStatus(message);
  if (Status status = message.status(); !status) return status.error();
  return out;
}

Result<std::string> decodeType(std::string_view text) {
  const auto body = withoutHeaders(text);
  if (!body) return body.error();
  auto envelope = open(*body, {"type"});
  if (!envelope) return envelope.error();
  return envelope->type;
}

std::string encodeAck(std::string_view type, std::string_view text) {
  json::Writer out;
  out.openObject();
  out.text("type", type);
  out.openObject("message");
  out.text("message", text);
  out.closeObject();
  out.closeObject();
  return out.str();
}

std::string encodeHeartbeat() { return R"({"type":"HeartbeatMessage","message":{"healthy":true}})"; }

}  // namespace berth::tcs
