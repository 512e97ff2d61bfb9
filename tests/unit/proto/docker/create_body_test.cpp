#include "proto/docker/create_body.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace berth::docker {
namespace {

using nlohmann::json;

CreateBody base() {
  CreateBody body;
  body.image = "web:1";
  body.command = {"serve", "--all"};
  body.environment = {{"A", "1"}, {"B", "x=y"}};
  body.labels = {{"com.amazonaws.ecs.cluster", "default"}};
  body.ports = {{80, "tcp", "", 8080}, {53, "udp", "127.0.0.1", 0}};
  body.binds = {"/data:/var/data:ro"};
  body.cpuShares = 128;
  body.memoryBytes = 1 << 24;
  body.networkMode = "bridge";
  return body;
}

json encoded(const CreateBody& body) {
  const Result<std::string> text = encodeCreateBody(body);
  REQUIRE(text);
  return json::parse(*text);
}

TEST_CASE("Log options are added to those of the HostConfig and win, and a runtime is forced") {
  CreateBody body = base();
  body.hostConfig = R"({"logconfig": {"type": "splunk", "config": {"a": "1", "token": "old"}}})";
  body.logOptions = {{"token", "new"}};
  body.runtime = "nvidia";
  const json host = encoded(body)["HostConfig"];
  CHECK(host["logconfig"]["config"] == json({{"a", "1"}, {"token", "new"}}));
  CHECK(host["logconfig"]["type"] == "splunk");
  CHECK(host["Runtime"] == "nvidia");
  body.hostConfig.clear();
  CHECK(encoded(body)["HostConfig"]["LogConfig"]["Config"]["token"] == "new");
  body.hostConfig = R"({"LogConfig": 7})";
  CHECK_FALSE(encodeCreateBody(body).ok());
}

TEST_CASE("The plain fields land where the engine looks for them") {
  const json body = encoded(base());
  CHECK(body["Image"] == "web:1");
  CHECK(body["Cmd"] == json({"serve", "--all"}));
  CHECK_FALSE(body.contains("Entrypoint"));
  CHECK(body["Env"] == json({"A=1", "B=x=y"}));
  CHECK(body["Labels"] == json({{"com.amazonaws.ecs.cluster", "default"}}));
  CHECK(body["ExposedPorts"].contains("80/tcp"));
  CHECK(body["ExposedPorts"].contains("53/udp"));
  const json& host = body["HostConfig"];
  CHECK(host["PortBindings"]["80/tcp"] == json::parse(R"([{"HostIp": "", "HostPort": "8080"}])"));
  CHECK(host["PortBindings"]["53/udp"] == json::parse(R"([{"HostIp": "127.0.0.1", "HostPort": "0"}])"));
  CHECK(host["Binds"] == json({"/data:/var/data:ro"}));
  CHECK(host["CpuShares"] == 128);
  CHECK(host["Memory"] == 1 << 24);
  CHECK(host["NetworkMode"] == "bridge");
}

TEST_CASE("An empty command differs from none") {
  CreateBody body = base();
  body.command = std::nullopt;
  body.entryPoint = std::vector<std::string>{};
  CHECK_FALSE(encoded(body).contains("Cmd"));
  CHECK(encoded(body)["Entrypoint"] == json::array());
}

TEST_CASE("The payload's Docker configuration is decoded over the rest, whatever the case of its keys") {
  CreateBody body = base();
  body.config = R"({"image": "other:2", "ENV": ["C=3"], "User": "20000", "healthcheck": {"Test": ["NONE"]}})";
  body.hostConfig = R"({"cpushares": 4, "MemoryReservation": 9, "LogConfig": {"Type": "journald"}})";
  const json out = encoded(body);
  CHECK(out["Image"] == "other:2");
  CHECK_FALSE(out.contains("image"));
  CHECK(out["Env"] == json({"C=3"}));
  CHECK(out["User"] == "20000");
  CHECK(out["HostConfig"]["CpuShares"] == 4);
  CHECK_FALSE(out["HostConfig"].contains("cpushares"));
  CHECK(out["HostConfig"]["Memory"] == 1 << 24);
  CHECK(out["HostConfig"]["LogConfig"]["Type"] == "journald");
}

TEST_CASE("Maps merge, and the labels of the agent always win") {
  CreateBody body = base();
  body.config = R"({"labels": {"mine": "1", "com.amazonaws.ecs.cluster": "forged"},
                    "ExposedPorts": {"9000/tcp": {}}})";
  body.hostConfig = R"({"PortBindings": {"80/tcp": [{"HostPort": "81"}]}})";
  const json out = encoded(body);
  CHECK(out["Labels"] == json({{"mine", "1"}, {"com.amazonaws.ecs.cluster", "default"}}));
  CHECK(out["ExposedPorts"].size() == 3);
  CHECK(out["HostConfig"]["PortBindings"]["80/tcp"] == json::parse(R"([{"HostPort": "81"}])"));
  CHECK(out["HostConfig"]["PortBindings"].contains("53/udp"));
}

TEST_CASE("Null empties a list or map and leaves a scalar alone") {
  CreateBody body = base();
  body.config = R"({"Env": null, "Image": null, "Labels": null})";
  const json out = encoded(body);
  CHECK(out["Env"] == json::array());
  CHECK(out["Image"] == "web:1");
  CHECK(out["Labels"]["com.amazonaws.ecs.cluster"] == "default");
}

TEST_CASE("A Config can't smuggle in the parts that are not its own") {
  CreateBody body = base();
  body.config = R"({"hostconfig": {"Privileged": true}, "NetworkingConfig": {"x": 1}})";
  const json out = encoded(body);
  CHECK_FALSE(out["HostConfig"].contains("Privileged"));
  CHECK_FALSE(out.contains("NetworkingConfig"));
  CHECK_FALSE(out.contains("hostconfig"));
}

TEST_CASE("A Docker configuration that is no JSON object is refused by name") {
  CreateBody body = base();
  body.config = GENERATE(as<std::string>(), "{", "[]", "1", R"({"Labels": 5})");
  const auto refused = encodeCreateBody(body);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::InvalidArgument);
  CHECK(refused.error().message.starts_with("dockerConfig.config"));
  body.config = "";
  body.hostConfig = "nonsense";
  CHECK(encodeCreateBody(body).error().message.starts_with("dockerConfig.hostConfig"));
}

}  // namespace
}  // namespace berth::docker
