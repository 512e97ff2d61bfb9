#include "controller/api/task_shape.hpp"

#include "tests/unit/controller/bench/bench.hpp"

using namespace berth;
using namespace berth::controller;
using sample::container;

namespace {

Json document(Json containers, Json more = Json::object()) {
  Json out{{"containerDefinitions", std::move(containers)}};
  out.update(more);
  return out;
}

Json port(int host, const char* protocol = "tcp") {
  return Json{{"containerPort", 80}, {"hostPort", host}, {"protocol", protocol}};
}

}  // namespace

TEST_CASE("a size is a whole number of its smallest unit, or a number of the larger one") {
  CHECK(parseCpu("256") == 256);
  CHECK(parseCpu("1 vCPU") == 1024);
  CHECK(parseCpu("1vcpu") == 1024);
  CHECK(parseCpu("0.25 VCPU") == 256);
  CHECK(parseCpu(".5 vCPU") == 512);
  CHECK(parseMemory("512") == 512);
  CHECK(parseMemory("2GB") == 2048);
  CHECK(parseMemory("0.5 gb") == 512);
  for (const char* text : {"", " ", "vCPU", "0", "-1", "1.5", "1 GB", "x vCPU", "-1 vCPU", "0 vCPU",
                           "1 2 vCPU", "nan vCPU", "inf vCPU", "1e300 vCPU", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parseCpu(text));
  }
}

TEST_CASE("a task takes the sums of its containers, soft memory limits before hard ones") {
  Json soft = container("b", {{"memoryReservation", 50}});
  Resources taken = resourcesOf(document(Json::array({container(), soft})));
  CHECK(taken.cpu == 512);
  CHECK(taken.memory == 128 + 50);
}

TEST_CASE("a task with a size of its own takes that") {
  Resources taken = resourcesOf(document(Json::array({container()}), {{"cpu", "512"}, {"memory", "300"}}));
  CHECK(taken.cpu == 512);
  CHECK(taken.memory == 300);
}

TEST_CASE("a task takes its fixed host ports where it shares the host's network") {
  Json app = container("app", {{"portMappings", {port(8080), port(0), port(514, "udp")}}});
  for (const char* mode : {"bridge", "host"}) {
    Resources taken = resourcesOf(document(Json::array({app}), {{"networkMode", mode}}));
    CHECK(taken.ports == std::set<uint16_t>{8080});
    CHECK(taken.udpPorts == std::set<uint16_t>{514});
  }
  CHECK(resourcesOf(document(Json::array({app}), {{"networkMode", "awsvpc"}})).ports.empty());
}

TEST_CASE("the containers of a task are those of its definition") {
  Json check{{"healthCheck", {{"command", {"CMD", "true"}}}}, {"essential", false}};
  auto containers = containersOf(document(Json::array({container("a"), container("b", check)})));
  REQUIRE(containers.size() == 2);
  CHECK(containers[0].name == "a");
  CHECK(containers[0].image == "registry/app:1");
  CHECK(containers[0].essential);
  CHECK_FALSE(containers[0].checksHealth);
  CHECK(containers[0].cpu == "256");
  CHECK(containers[0].memory == "128");
  CHECK(containers[0].memoryReservation.empty());
  CHECK_FALSE(containers[1].essential);
  CHECK(containers[1].checksHealth);
}

TEST_CASE("an override replaces what it names, and adds to the environment") {
  Json app =
      container("app", {{"command", {"serve"}},
                        {"environment", {{{"name", "A"}, {"value", "1"}}, {{"name", "B"}, {"value", "2"}}}}});
  Json override{{"name", "app"},
                {"command", {"migrate"}},
                {"environment", {{{"name", "B"}, {"value", "3"}}, {{"name", "C"}, {"value", "4"}}}}};
  Json before = document(Json::array({app, container("side")}));
  auto result =
      overridden(before, {{"containerOverrides", {override}}, {"taskRoleArn", "arn:r"}, {"cpu", "512"}});
  Json merged = std::get<Json>(result);
  CHECK(merged["taskRoleArn"] == "arn:r");
  CHECK(merged["cpu"] == "512");
  Json changed = merged["containerDefinitions"][0];
  CHECK(changed["command"] == Json({"migrate"}));
  CHECK(changed["image"] == "registry/app:1");
  CHECK(changed["memory"] == 128);
  CHECK(changed["environment"] == Json::array({{{"name", "A"}, {"value", "1"}},
                                               {{"name", "B"}, {"value", "3"}},
                                               {{"name", "C"}, {"value", "4"}}}));
  CHECK(merged["containerDefinitions"][1] == container("side"));
}

TEST_CASE("what can't be run is named, and what is empty or off is none of it") {
  auto of = [](Json more) {
    return unsupportedFeature(document(Json::array({container("app", std::move(more))})));
  };
  const std::pair<const char*, Json> kFeatures[] = {{"credentialSpecs", Json::array({"credentialspec:x"})},
                                                    {"firelensConfiguration", {{"type", "fluentbit"}}}};
  for (const auto& [feature, value] : kFeatures) {
    CHECK(of({{feature, value}}) == std::string(feature) + " of container 'app'");
    CHECK(of({{feature, Json::array()}}).empty());
  }
  CHECK(of({{"restartPolicy", {{"enabled", false}}}}).empty());
  auto requires_one = [](const char* type) {
    return Json{{"resourceRequirements", Json::array({{{"type", type}, {"value", "1"}}})}};
  };
  CHECK(of(requires_one("GPU")).empty());
  CHECK(of(requires_one("NeuronDevice")) == "resourceRequirements of type NeuronDevice of container 'app'");
  auto whole = [](Json more) {
    return unsupportedFeature(document(Json::array({container()}), std::move(more)));
  };
  CHECK(whole({{"networkMode", "awsvpc"}}).empty());
  CHECK(whole({{"pidMode", "task"}}).empty());
  CHECK(whole({{"proxyConfiguration", {{"containerName", "envoy"}}}}) == "proxyConfiguration");
  CHECK(whole({{"inferenceAccelerators", {{{"deviceName", "d"}}}}}) == "inferenceAccelerators");
  CHECK(whole({{"volumes", {{{"name", "v"}, {"host", {{"sourcePath", "/srv"}}}}}}}).empty());
  CHECK(whole({{"volumes", {{{"name", "v"}, {"efsVolumeConfiguration", {{"fileSystemId", "fs"}}}}}}}) ==
        "efsVolumeConfiguration of volume 'v',");
  CHECK(whole({{"volumes", {{{"name", "v"}, {"configuredAtLaunch", true}}}}}) ==
        "configuredAtLaunch of volume 'v',");
}
