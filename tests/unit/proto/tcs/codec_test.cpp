#include "proto/tcs/codec.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace berth::tcs {
namespace {

using Json = nlohmann::json;

Metadata metadata() {
  Metadata out;
  out.cluster = "prod";
  out.containerInstance = "arn:instance";
  out.messageId = "id1";
  return out;
}

PublishMetrics metrics() {
  PublishMetrics out;
  out.metadata = metadata();
  out.metadata.fin = false;
  out.timestamp = fromEpochMillis(1'700'000'000'250);
  TaskMetric task{"arn:task", "prod", "web", "3", {}};
  ContainerMetric container;
  container.name = "app";
  container.arn = "arn:container";
  container.cpu.add(12.5);
  container.cpu.add(2.25);
  container.memory.add(64.5);
  container.readBytes.add(4096);
  container.writeBytes.add(1024);
  container.network.emplace();
  container.network->rxBytes.add(10);
  container.network->rxBytesPerSecond.add(0.5);
  task.containers.push_back(container);
  out.tasks.push_back(task);
  return out;
}

PublishHealth health() {
  PublishHealth out;
  out.metadata = metadata();
  TaskHealth task{"arn:task", "prod", "web", "3", {}};
  ContainerHealth sick;
  sick.name = "app";
  sick.status = "UNHEALTHY";
  sick.since = fromEpochMillis(1'700'000'000'500);
  sick.output = "no answer";
  task.containers = {sick};
  out.tasks.push_back(task);
  return out;
}

std::string refusal(std::string_view text) {
  auto message = decodeFromAgent(text);
  REQUIRE_FALSE(message.ok());
  CHECK(message.error().code == Code::InvalidArgument);
  return message.error().message;
}

}  // namespace

TEST_CASE("metrics have the names and units of Amazon's agent") {
  Json envelope = Json::parse(encode(FromAgent(metrics())));
  CHECK(envelope["type"] == "PublishMetricsRequest");
  const Json& message = envelope["message"];
  CHECK(message["timestamp"] == 1'700'000'000.25);
  CHECK(message["metadata"] == Json{{"cluster", "prod"},
                                    {"containerInstance", "arn:instance"},
                                    {"messageId", "id1"},
                                    {"idle", false},
                                    {"fin", false}});
  const Json& task = message["taskMetrics"][0];
  CHECK(task["taskArn"] == "arn:task");
  CHECK(task["clusterArn"] == "prod");
  CHECK(task["taskDefinitionFamily"] == "web");
  CHECK(task["taskDefinitionVersion"] == "3");
  const Json& container = task["containerMetrics"][0];
  CHECK(container["containerName"] == "app");
  CHECK(container["cpuStatsSet"] == Json{{"min", 2.25}, {"max", 12.5}, {"sum", 14.75}, {"sampleCount", 2}});
  CHECK(container["networkStatsSet"]["rxBytesPerSecond"]["sum"] == 0.5);
}

TEST_CASE("counters travel as whole numbers") {
  Json envelope = Json::parse(encode(FromAgent(metrics())));
  const Json& container = envelope["message"]["taskMetrics"][0]["containerMetrics"][0];
  for (const char* end : {"min", "max", "sum", "sampleCount"}) {
    CHECK(container["storageStatsSet"]["readSizeBytes"][end].is_number_integer());
    CHECK(container["networkStatsSet"]["rxBytes"][end].is_number_integer());
  }
}

TEST_CASE("of a counter beyond 63 bits the rest has fields of its own") {
  const uint64_t most = INT64_MAX;
  PublishMetrics sent = metrics();
  sent.tasks[0].containers[0].readBytes = {most, most + 1, most + 5, 2};
  const std::string text = encode(sent);
  Json read = Json::parse(
      text)["message"]["taskMetrics"][0]["containerMetrics"][0]["storageStatsSet"]["readSizeBytes"];
  CHECK(read == Json{{"min", most},
                     {"overflowMin", 0},
                     {"max", most},
                     {"overflowMax", 1},
                     {"sum", most},
                     {"overflowSum", 5},
                     {"sampleCount", 2}});
  const auto back = decodeFromAgent(text);
  REQUIRE(back);
  CHECK(std::get<PublishMetrics>(*back).tasks[0].containers[0].readBytes ==
        sent.tasks[0].containers[0].readBytes);
}

TEST_CASE("restarts are told of containers that have a policy") {
  PublishMetrics sent = metrics();
  const auto container = [&] {
    return Json::parse(encode(sent))["message"]["taskMetrics"][0]["containerMetrics"][0];
  };
  CHECK_FALSE(container().contains("restartStatsSet"));
  sent.tasks[0].containers[0].restarts = 3;
  CHECK(container()["restartStatsSet"] == Json{{"restartCount", 3}});
  CHECK(std::get<PublishMetrics>(*decodeFromAgent(encode(sent))).tasks[0].containers[0].restarts == 3);
}

TEST_CASE("the host's health has the names of Amazon's agent, and is read back") {
  PublishInstanceStatus sent{"prod", "arn:instance", "r1", {}, fromEpochMillis(1'700'000'000'250)};
  sent.statuses.push_back({"ContainerRuntime", "IMPAIRED", "no answer", fromEpochMillis(1'700'000'000'125),
                           fromEpochMillis(1'700'000'000'000)});
  const std::string text = encode(sent);
  Json envelope = Json::parse(text);
  CHECK(envelope["type"] == "PublishInstanceStatusRequest");
  const Json& message = envelope["message"];
  CHECK(message["metadata"] ==
        Json{{"cluster", "prod"}, {"containerInstance", "arn:instance"}, {"requestId", "r1"}});
  CHECK(message["timestamp"] == 1'700'000'000.25);
  CHECK(message["statuses"] == Json::array({{{"type", "ContainerRuntime"},
                                             {"status", "IMPAIRED"},
                                             {"statusReason", "no answer"},
                                             {"lastUpdated", 1'700'000'000.125},
                                             {"lastStatusChange", 1'700'000'000.0}}}));
  const auto back = decodeFromAgent(text);
  REQUIRE(back);
  const auto& read = std::get<PublishInstanceStatus>(*back);
  CHECK(read.requestId == "r1");
  REQUIRE(read.statuses.size() == 1);
  CHECK(read.statuses[0].status == "IMPAIRED");
  CHECK(read.statuses[0].updated == sent.statuses[0].updated);

  sent.statuses[0].reason.clear();
  CHECK_FALSE(Json::parse(encode(sent))["message"]["statuses"][0].contains("statusReason"));
}

TEST_CASE("a container without a network of its own has no network counters") {
  PublishMetrics without = metrics();
  without.tasks[0].containers[0].network.reset();
  Json envelope = Json::parse(encode(FromAgent(without)));
  CHECK_FALSE(envelope["message"]["taskMetrics"][0]["containerMetrics"][0].contains("networkStatsSet"));
}

TEST_CASE("an idle round has the list all the same") {
  PublishMetrics idle;
  idle.metadata = metadata();
  idle.metadata.idle = true;
  Json message = Json::parse(encode(FromAgent(idle)))["message"];
  CHECK(message["taskMetrics"] == Json::array());
  CHECK(message["metadata"]["idle"] == true);
  CHECK(message["metadata"]["fin"] == true);
}

TEST_CASE("health has the names of Amazon's agent, and no idle mark") {
  Json envelope = Json::parse(encode(FromAgent(health())));
  CHECK(envelope["type"] == "PublishHealthRequest");
  CHECK_FALSE(envelope["message"]["metadata"].contains("idle"));
  CHECK(envelope["message"]["tasks"][0]["containers"][0] == Json{{"containerName", "app"},
                                                                 {"healthStatus", "UNHEALTHY"},
                                                                 {"statusSince", 1'700'000'000.5},
                                                                 {"statusMessage", "no answer"}});
}

TEST_CASE("a frame has its headers sorted by name, an empty line, and the envelope") {
  CHECK(frame({{"X-Amz-Date", "20260101T000000Z"}, {"Authorization", "AWS4"}, {"Host", "h"}}, "{}") ==
        "Authorization: AWS4\r\nHost: h\r\nX-Amz-Date: 20260101T000000Z\r\n\r\n{}");
  CHECK(frame({}, "{}") == "\r\n{}");
}

TEST_CASE("metrics are read back, with and without a header block") {
  std::string envelope = encode(FromAgent(metrics()));
  for (const std::string& text : {envelope, frame({{"Host", "h"}}, envelope), frame({}, envelope)}) {
    auto message = decodeFromAgent(text);
    REQUIRE(message.ok());
    const auto* read = std::get_if<PublishMetrics>(&*message);
    REQUIRE(read);
    CHECK(read->metadata.messageId == "id1");
    CHECK_FALSE(read->metadata.fin);
    REQUIRE(read->tasks.size() == 1);
    CHECK(read->tasks[0].taskArn == "arn:task");
    REQUIRE(read->tasks[0].containers.size() == 1);
    CHECK(read->tasks[0].containers[0].cpu.sum == 14.75);
    CHECK(read->tasks[0].containers[0].cpu.sampleCount == 2);
    CHECK(read->tasks[0].containers[0].memory.max == 64.5);
  }
}

TEST_CASE("health is read back") {
  auto message = decodeFromAgent(encode(FromAgent(health())));
  REQUIRE(message.ok());
  const auto* read = std::get_if<PublishHealth>(&*message);
  REQUIRE(read);
  REQUIRE(read->tasks.size() == 1);
  REQUIRE(read->tasks[0].containers.size() == 1);
  CHECK(read->tasks[0].containers[0].status == "UNHEALTHY");
  CHECK(read->tasks[0].containers[0].output == "no answer");
}

TEST_CASE("of a message of another type the name is kept") {
  auto message = decodeFromAgent(R"({"type":"StartTelemetrySessionRequest","message":{"x":1}})");
  REQUIRE(message.ok());
  REQUIRE(std::get_if<Other>(&*message));
  CHECK(std::get_if<Other>(&*message)->type == "StartTelemetrySessionRequest");
}

TEST_CASE("a frame that is no envelope is refused") {
  CHECK(refusal("") == "the TCS frame has neither an envelope nor an end of its headers");
  CHECK(refusal("Host: h\r\n") == "the TCS frame has neither an envelope nor an end of its headers");
  CHECK(refusal("Host: h\n\n{}") == "the TCS frame has neither an envelope nor an end of its headers");
  CHECK(refusal("Host: h\r\n\r\n") == "the TCS frame is not valid JSON");
  CHECK(refusal("{\"type\":") == "the TCS frame is not valid JSON");
  CHECK(refusal("\r\n\r\n[]") == "the TCS frame is not a JSON object");
  CHECK(refusal("{}") == "frame.type is missing or empty");
  CHECK(refusal(R"({"type":7})") == "frame.type is not a string");
}

TEST_CASE("a member of the wrong type refuses the message by its path") {
  auto with = [](std::string_view type, std::string_view message) {
    return R"({"type":")" + std::string(type) + R"(","message":)" + std::string(message) + "}";
  };
  CHECK(refusal(with("PublishMetricsRequest", "[]")) == "message is not a JSON object");
  CHECK(refusal(with("PublishMetricsRequest", R"({"metadata":1})")) == "metadata is not a JSON object");
  CHECK(refusal(with("PublishMetricsRequest", R"({"metadata":{"fin":"yes"}})")) ==
        "metadata.fin is not a boolean");
  CHECK(refusal(with("PublishMetricsRequest", R"({"taskMetrics":{}})")) ==
        "message.taskMetrics is not a list");
  CHECK(refusal(with("PublishMetricsRequest", R"({"taskMetrics":[1]})")) ==
        "taskMetrics is not a JSON object");
  CHECK(refusal(with("PublishMetricsRequest",
                     R"({"taskMetrics":[{"containerMetrics":[{"cpuStatsSet":{"min":"0"}}]}]})")) ==
        "containerMetrics.cpuStatsSet.min is not a number");
  CHECK(refusal(with("PublishHealthRequest", R"({"tasks":[{"containers":[{"healthStatus":1}]}]})")) ==
        "containers.healthStatus is not a string");
}

TEST_CASE("the controller's frames are bare envelopes") {
  CHECK(Json::parse(encodeAck("AckPublishMetric", "stats published")) ==
        Json{{"type", "AckPublishMetric"}, {"message", {{"message", "stats published"}}}});
  CHECK(Json::parse(encodeHeartbeat()) ==
        Json{{"type", "HeartbeatMessage"}, {"message", {{"healthy", true}}}});
  CHECK(*decodeType(encodeHeartbeat()) == "HeartbeatMessage");
  CHECK(*decodeType(R"({"TYPE":"StopTelemetrySessionMessage"})") == "StopTelemetrySessionMessage");
  CHECK_FALSE(decodeType("Host: h\r\n\r\n{}").ok());
  CHECK_FALSE(decodeType(R"({"message":{}})").ok());
}

}  // namespace berth::tcs
