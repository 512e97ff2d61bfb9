#include "tests/unit/proto/acs/frame.hpp"

namespace berth::acs {

using namespace sample;

TEST_CASE("a payload is read with all that this agent uses") {
  Json full = task();
  full.update(Json{
      {"group", "family:web"},
      {"networkMode", "bridge"},
      {"launchType", "EC2"},
      {"cpu", 0.25},
      {"memory", 128},
      {"volumes", Json::array({{{"name", "data"}, {"type", "host"}, {"host", {{"sourcePath", "/srv"}}}}})}});
  full["containers"][0].update(
      Json{{"containerArn", "arn:container"},
           {"command", {"serve", "-v"}},
           {"entryPoint", Json::array()},
           {"environment", {{"A", "b"}}},
           {"portMappings", Json::array({{{"containerPort", 80}, {"hostPort", 0}, {"protocol", "udp"}}})},
           {"mountPoints",
            Json::array({{{"sourceVolume", "data"}, {"containerPath", "/data"}, {"readOnly", true}}})},
           {"stopTimeout", 5},
           {"healthCheckType", "docker"},
           {"dockerConfig", {{"version", "1.24"}, {"config", "{}"}, {"hostConfig", R"({"Init":true})"}}}});
  PayloadMessage read = decodePayload(payload(Json::array({full})));
  CHECK(read.messageId == "m-1");
  CHECK(read.clusterArn == "arn:cluster");
  CHECK(read.containerInstanceArn == "arn:instance");
  CHECK(read.seqNum == 7);
  CHECK(read.generatedAt == 1719650000000);
  CHECK(read.refused.empty());
  REQUIRE(read.tasks.size() == 1);
  const Task& one = read.tasks[0];
  CHECK(one.arn == "arn:task/1");
  CHECK(one.group == "family:web");
  CHECK(one.networkMode == "bridge");
  CHECK(one.launchType == "EC2");
  CHECK(one.cpu == 0.25);
  CHECK(one.memory == 128);
  REQUIRE(one.volumes.size() == 1);
  CHECK(one.volumes[0].sourcePath == "/srv");
  REQUIRE(one.containers.size() == 1);
  const Container& app = one.containers[0];
  CHECK(app.containerArn == "arn:container");
  CHECK(app.command == std::vector<std::string>{"serve", "-v"});
  REQUIRE(app.entryPoint.has_value());
  CHECK(app.entryPoint->empty());
  CHECK(app.environment.at("A") == "b");
  REQUIRE(app.portMappings.size() == 1);
  CHECK(app.portMappings[0].protocol == "udp");
  CHECK(app.mountPoints[0].readOnly);
  CHECK(app.stopTimeout == 5);
  CHECK(app.healthCheckType == "docker");
  CHECK(app.dockerConfig.version == "1.24");
  CHECK(app.dockerConfig.hostConfig == R"({"Init":true})");
}

TEST_CASE("keys match without regard to case, unknown ones are ignored") {
  const std::string text = R"({"TYPE":"PayloadMessage","Message":{"MessageId":"m","CLUSTERARN":"c",
      "containerinstancearn":"i","Tasks":[{"ARN":"a","DesiredStatus":"RUNNING","somethingNew":{"x":[1]},
      "Containers":[{"Name":"n","IMAGE":"i","ESSENTIAL":true,"linuxParameters":{"initProcessEnabled":true}}]}]}})";
  auto decoded = decodeToAgent(text);
  REQUIRE(decoded.ok());
  const auto& read = std::get<PayloadMessage>(*decoded);
  REQUIRE(read.tasks.size() == 1);
  CHECK(read.tasks[0].containers[0].name == "n");
  CHECK(read.tasks[0].containers[0].essential);
}

TEST_CASE("null is absent") {
  Json nulls = task();
  for (const char* key : {"group", "networkMode", "cpu", "memory", "volumes", "associations", "pidMode"})
    nulls[key] = nullptr;
  for (const char* key :
       {"command", "environment", "portMappings", "mountPoints", "stopTimeout", "dockerConfig", "overrides",
        "dependsOn", "secrets", "restartPolicy", "healthCheckType"}) {
    nulls["containers"][0][key] = nullptr;
  }
  PayloadMessage read = decodePayload(payload(Json::array({nulls})));
  REQUIRE(read.tasks.size() == 1);
  CHECK_FALSE(read.tasks[0].containers[0].command.has_value());
  CHECK_FALSE(read.tasks[0].containers[0].stopTimeout.has_value());
}

TEST_CASE("a payload without tasks is an empty one") {
  Json message = payload();
  message.erase("tasks");
  CHECK(decodePayload(message).tasks.empty());
}

TEST_CASE("a port mapping without a protocol is tcp, without a host port any") {
  Json changed = task();
  changed["containers"][0]["portMappings"] = Json::array({{{"containerPort", 80}}});
  PayloadMessage read = decodePayload(payload(Json::array({changed})));
  REQUIRE(read.tasks.size() == 1);
  CHECK(read.tasks[0].containers[0].portMappings[0].protocol == "tcp");
  CHECK(read.tasks[0].containers[0].portMappings[0].hostPort == 0);
}

TEST_CASE("an override of the command replaces it, as text or as an object") {
  for (const Json& overrides :
       {Json(R"({"command":["sh","-c","true"]})"), Json{{"command", {"sh", "-c", "true"}}}}) {
    Json changed = task();
    changed["containers"][0]["command"] = {"serve"};
    changed["containers"][0]["overrides"] = overrides;
    PayloadMessage read = decodePayload(payload(Json::array({changed})));
    REQUIRE(read.tasks.size() == 1);
    CHECK(read.tasks[0].containers[0].command == std::vector<std::string>{"sh", "-c", "true"});
  }
}

TEST_CASE("an empty override changes nothing") {
  for (const Json& overrides : {Json(""), Json("{}"), Json::object(), Json{{"command", nullptr}}}) {
    Json changed = task();
    changed["containers"][0]["command"] = {"serve"};
    changed["containers"][0]["overrides"] = overrides;
    PayloadMessage read = decodePayload(payload(Json::array({changed})));
    REQUIRE(read.tasks.size() == 1);
    CHECK(read.tasks[0].containers[0].command == std::vector<std::string>{"serve"});
  }
}

TEST_CASE("features that are asked for with nothing in them do no harm") {
  Json changed = task();
  changed["associations"] = Json::array();
  changed["elasticNetworkInterfaces"] = Json::array();
  for (const char* key : {"dependsOn", "secrets", "links", "volumesFrom", "environmentFiles"}) {
    changed["containers"][0][key] = Json::array();
  }
  changed["containers"][0]["restartPolicy"] = Json{{"enabled", false}};
  CHECK(decodePayload(payload(Json::array({changed}))).tasks.size() == 1);
}

}  // namespace berth::acs
