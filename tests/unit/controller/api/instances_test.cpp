#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

Json described(Bench& bench, const std::string& arn) {
  return bench.call("DescribeContainerInstances", {{"containerInstances", {arn}}})["containerInstances"].at(
      0);
}

}  // namespace

TEST_CASE("a host registers with its resources, and every attribute comes back") {
  Bench bench;
  bench.cluster();
  Json attributes = Json::array({{{"name", "ecs.capability.a"}}, {{"name", "rack"}, {"value", "7"}}});
  std::string arn = bench.host("default", {{"attributes", attributes}});
  CHECK_THAT(arn, Catch::StartsWith("arn:aws:ecs:us-east-1:000000000000:container-instance/default/"));
  Json instance = described(bench, arn);
  CHECK(instance["status"] == "ACTIVE");
  CHECK(instance["agentConnected"] == false);
  CHECK(instance["registeredResources"][0]["integerValue"] == 1024);
  CHECK(instance["remainingResources"][2]["stringSetValue"] == Json({"22"}));
  for (const Json& sent : attributes) CHECK(std::ranges::count(instance["attributes"], sent) == 1);
}

TEST_CASE("a host that registers again keeps its ARN, and tells what has changed") {
  Bench bench;
  bench.cluster();
  std::string arn = bench.host();
  Json resources = Json::array({{{"name", "CPU"}, {"type", "INTEGER"}, {"integerValue", 2048}},
                                {{"name", "MEMORY"}, {"type", "INTEGER"}, {"integerValue", 500}}});
  CHECK(bench.host("default", {{"containerInstanceArn", arn}, {"totalResources", resources}}) == arn);
  CHECK(described(bench, arn)["registeredResources"][0]["integerValue"] == 2048);
  CHECK(bench.call("ListContainerInstances")["containerInstanceArns"].size() == 1);
}

TEST_CASE("a registration whose answer was lost is repeated by its token") {
  Bench bench;
  bench.cluster();
  std::string arn = bench.host("default", {{"clientToken", "t"}});
  CHECK(bench.host("default", {{"clientToken", "t"}}) == arn);
  CHECK(bench.host("default", {{"clientToken", "u"}}) != arn);
  CHECK(bench.host() != bench.host());
}

TEST_CASE("a host can't register as an instance that is not there any more, nor in a cluster that is not") {
  Bench bench;
  bench.cluster();
  std::string arn = bench.host();
  bench.call("DeregisterContainerInstance", {{"containerInstance", arn}});
  CHECK_THAT(bench.refusal("RegisterContainerInstance", {{"containerInstanceArn", arn}}),
             Catch::StartsWith("ClientException: The container instance " + arn + " is not registered"));
  CHECK(bench.refusal("RegisterContainerInstance", {{"cluster", "none"}}) ==
        "ClusterNotFoundException: Cluster not found.");
}

TEST_CASE("an instance with tasks is deregistered by force only; its session ends and its tasks are over") {
  Bench bench;
  std::string arn = bench.ready();
  std::string task = bench.runOne();
  CHECK(bench.refusal("DeregisterContainerInstance", {{"containerInstance", arn}}) ==
        "InvalidParameterException: Found running tasks on the instance.");
  bench.call("DeregisterContainerInstance", {{"containerInstance", arn}, {"force", true}});
  REQUIRE(bench.last.effects.size() == 1);
  const auto* close = std::get_if<CloseEffect>(&bench.last.effects[0]);
  REQUIRE(close);
  CHECK(close->session == bench.session);
  CHECK_THAT(close->reason, Catch::Contains("InactiveInstanceException"));
  CHECK(described(bench, arn)["status"] == "INACTIVE");
  Json ended = bench.task(task);
  CHECK(ended["lastStatus"] == "STOPPED");
  CHECK(ended["stoppedReason"] == "Container instance deregistration forced by user");
  CHECK(ended["containers"][0]["lastStatus"] == "STOPPED");
  CHECK(bench.refusal("DeregisterContainerInstance", {{"containerInstance", arn}}) ==
        "InvalidParameterException: The referenced container instance was not found.");
}

TEST_CASE("instances are listed by status") {
  Bench bench;
  bench.cluster();
  std::string gone = bench.host();
  std::string here = bench.host();
  bench.call("DeregisterContainerInstance", {{"containerInstance", gone}});
  auto list = [&](Json input) {
    return bench.call("ListContainerInstances", std::move(input))["containerInstanceArns"];
  };
  CHECK(list(Json::object()) == Json::array({here}));
  CHECK(list({{"status", "ACTIVE"}}) == Json::array({here}));
  CHECK(list({{"status", "DRAINING"}}).empty());
  CHECK_THAT(bench.refusal("ListContainerInstances", {{"filter", "task:group == a"}}),
             Catch::StartsWith("UnsupportedFeatureException: "));
}

TEST_CASE("a description names what is not there, and wants at least one name") {
  Bench bench;
  bench.cluster();
  CHECK(bench.refusal("DescribeContainerInstances", {{"containerInstances", Json::array()}}) ==
        "ClientException: Container Instances cannot be empty.");
  Json reply = bench.call("DescribeContainerInstances", {{"containerInstances", {std::string(32, 'a')}}});
  CHECK(reply["failures"][0]["reason"] == "MISSING");
}

TEST_CASE("agents find their sessions at the address that reached the API") {
  Bench bench;
  Json reply = bench.call("DiscoverPollEndpoint");
  CHECK(reply["endpoint"] == "http://127.0.0.1:7400/v1/acs");
  CHECK(reply["telemetryEndpoint"] == "http://127.0.0.1:7400/v1/tcs");
}
