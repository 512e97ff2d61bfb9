// GPUs: registered, asked for, given to tasks, sent to agents.
#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using berth::acs::PayloadMessage;
using sample::Bench;

namespace {

Json gpus(const std::string& value, Json more = Json::object()) {
  more["resourceRequirements"] = Json::array({{{"type", "GPU"}, {"value", value}}});
  return more;
}

/// A connected host with the GPUs GPU-1 to GPU-3, and the family "two" that takes two of them.
struct GpuHost {
  Bench bench;
  std::string arn;

  GpuHost() {
    bench.cluster();
    Json devices = Json::array({{{"id", "GPU-3"}, {"type", "GPU"}}, {{"id", "GPU-1"}, {"type", "GPU"}}});
    devices.push_back({{"id", "GPU-2"}, {"type", "GPU"}});
    devices.push_back({{"id", "neuron0"}, {"type", "NEURON_DEVICE"}});
    arn = bench.host("default", {{"platformDevices", devices}});
    bench.join(arn);
    bench.define("two", Json::array({sample::container("app", gpus("1", {{"cpu", 8}})),
                                     sample::container("side", gpus("1", {{"cpu", 8}}))}));
    bench.define("one", Json::array({sample::container("app", gpus("1", {{"cpu", 8}, {"memory", 8}}))}));
  }

  /// The GPUs of the host that are shown as `member`: all, or those that are left.
  Json shown(const char* member) {
    const Json described = bench.call("DescribeContainerInstances", {{"containerInstances", {arn}}});
    for (const Json& resource : described["containerInstances"][0][member]) {
      if (resource["name"] == "GPU") return resource["stringSetValue"];
    }
    return nullptr;
  }
};

}  // namespace

TEST_CASE("a host's GPUs are shown, those that tasks have and those that are left") {
  GpuHost host;
  CHECK(host.shown("registeredResources") == Json({"GPU-1", "GPU-2", "GPU-3"}));
  const std::string task = host.bench.runOne({{"taskDefinition", "two"}});
  CHECK(host.shown("remainingResources") == Json({"GPU-3"}));
  const Json containers = host.bench.task(task)["containers"];
  CHECK(containers[0]["gpuIds"] == Json({"GPU-1"}));
  CHECK(containers[1]["gpuIds"] == Json({"GPU-2"}));
  host.bench.report(task, "STOPPED");
  CHECK(host.shown("remainingResources") == Json({"GPU-1", "GPU-2", "GPU-3"}));
}

TEST_CASE("a host without GPUs shows none") {
  Bench bench;
  const std::string arn = bench.ready();
  const Json described = bench.call("DescribeContainerInstances", {{"containerInstances", {arn}}});
  CHECK(described["containerInstances"][0]["registeredResources"].size() == 4);
}

TEST_CASE("an agent is told which container has which GPU") {
  GpuHost host;
  host.bench.runOne({{"taskDefinition", "two"}});
  const auto payloads = host.bench.sent<PayloadMessage>();
  REQUIRE(payloads.size() == 1);
  const auto& associations = payloads[0].tasks.at(0).associations;
  REQUIRE(associations.size() == 2);
  CHECK(associations[0].type == "gpu");
  CHECK(associations[0].name == "GPU-1");
  CHECK(associations[0].containers == std::vector<std::string>{"app"});
  CHECK(associations[1].name == "GPU-2");
  CHECK(associations[1].containers == std::vector<std::string>{"side"});
}

TEST_CASE("no GPU is given twice, in one call as in several, and what is given back is given again") {
  GpuHost host;
  const auto idsOf = [&](const std::string& task) {
    return host.bench.task(task)["containers"][0]["gpuIds"].get<std::vector<std::string>>();
  };
  const std::vector<std::string> tasks = host.bench.run({{"taskDefinition", "one"}, {"count", 2}});
  REQUIRE(tasks.size() == 2);
  CHECK(idsOf(tasks[0]) == std::vector<std::string>{"GPU-1"});
  CHECK(idsOf(tasks[1]) == std::vector<std::string>{"GPU-2"});
  CHECK(idsOf(host.bench.runOne({{"taskDefinition", "one"}})) == std::vector<std::string>{"GPU-3"});
  const Json full = host.bench.call("RunTask", {{"taskDefinition", "one"}});
  CHECK(full["tasks"].empty());
  CHECK(full["failures"][0] ==
        Json{{"arn", host.arn}, {"reason", "RESOURCE:GPU"}, {"detail", "needs 1 GPUs, of 3 it has 0 left"}});
  host.bench.report(tasks[0], "STOPPED");
  CHECK(idsOf(host.bench.runOne({{"taskDefinition", "one"}})) == std::vector<std::string>{"GPU-1"});
}

TEST_CASE("StartTask gives GPUs, too, and says where there are none left") {
  GpuHost host;
  const Json reply =
      host.bench.call("StartTask", {{"taskDefinition", "two"}, {"containerInstances", {host.arn, host.arn}}});
  REQUIRE(reply["tasks"].size() == 1);
  CHECK(reply["tasks"][0]["containers"][1]["gpuIds"] == Json({"GPU-2"}));
  CHECK(reply["failures"][0]["reason"] == "RESOURCE:GPU");
}

TEST_CASE("a run can ask for more GPUs than its definition") {
  GpuHost host;
  Json override = gpus("3", {{"name", "app"}});
  const std::string task = host.bench.runOne(
      {{"taskDefinition", "one"}, {"overrides", {{"containerOverrides", Json::array({override})}}}});
  CHECK(host.bench.task(task)["containers"][0]["gpuIds"] == Json({"GPU-1", "GPU-2", "GPU-3"}));
  override = gpus("0", {{"name", "app"}});
  CHECK_THAT(
      host.bench.refusal("RunTask", {{"taskDefinition", "one"},
                                     {"overrides", {{"containerOverrides", Json::array({override})}}}}),
      Catch::StartsWith("InvalidParameterException: Invalid setting for container 'app'"));
}

TEST_CASE("a definition asks for whole GPUs, once a container") {
  Bench bench;
  const auto refused = [&](Json requirements) {
    const Json container = sample::container("app", {{"resourceRequirements", std::move(requirements)}});
    return bench.refusal("RegisterTaskDefinition",
                         {{"family", "app"}, {"containerDefinitions", Json::array({container})}});
  };
  const std::string expected =
      "ClientException: Invalid setting for container 'app'. Its resource requirement GPU stands once, and "
      "its "
      "value is a whole number from 1 to 64.";
  for (const char* value : {"", "0", "-1", "1.5", "65", "all"}) {
    CAPTURE(value);
    CHECK(refused(Json::array({{{"type", "GPU"}, {"value", value}}})) == expected);
  }
  const Json one{{"type", "GPU"}, {"value", "1"}};
  CHECK(refused(Json::array({one, one})) == expected);
}

TEST_CASE("GPUs come as devices or as a resource, each with an id") {
  Bench bench;
  bench.cluster();
  const Json resource{{"name", "GPU"}, {"type", "STRINGSET"}, {"stringSetValue", {"GPU-2", "GPU-1"}}};
  const Json device{{"id", "GPU-1"}, {"type", "GPU"}};
  const std::string arn = bench.host(
      "default", {{"totalResources", Json::array({resource})}, {"platformDevices", Json::array({device})}});
  const Json described = bench.call("DescribeContainerInstances", {{"containerInstances", {arn}}});
  CHECK(described["containerInstances"][0]["registeredResources"].back()["stringSetValue"] ==
        Json({"GPU-1", "GPU-2"}));
  const Json nameless{{"id", ""}, {"type", "GPU"}};
  CHECK(bench.refusal("RegisterContainerInstance", {{"platformDevices", Json::array({nameless})}}) ==
        "InvalidParameterException: A GPU needs an id.");
}
