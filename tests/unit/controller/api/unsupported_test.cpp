#include "controller/operations/table.hpp"
#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;
using sample::container;

namespace {

std::string runs(Json containers, Json more = Json::object(), Json run = Json::object()) {
  Bench bench;
  bench.ready();
  bench.define("new", std::move(containers), std::move(more));
  run["taskDefinition"] = "new";
  return bench.refusal("RunTask", run);
}

std::string runsContainer(Json more) {
  return runs(Json::array({container("app", std::move(more)), container("b")}));
}

}  // namespace

TEST_CASE("every operation of the API has an answer, and no other") {
  Bench bench;
  CHECK(ecs::model().operations().size() == 77);
  for (const auto& [name, operation] : ecs::model().operations()) {
    CAPTURE(name);
    REQUIRE(findAction(name));
  }
  CHECK_FALSE(findAction("MakeCoffee"));
  CHECK(bench.refusal("MakeCoffee") == "UnknownOperationException: Unknown operation: MakeCoffee");
}

TEST_CASE("an input is checked against its shape before anything else") {
  Bench bench;
  CHECK_THAT(bench.refusal("CreateService", {{"serviceName", 7}}), !Catch::StartsWith("UnsupportedFeature"));
  CHECK_THAT(bench.refusal("RunTask"), Catch::Contains("taskDefinition"));
}

TEST_CASE("daemons and Express services say what they need, once their shapes are right") {
  Bench bench;
  const Json arn{{"daemonArn", "d"}, {"daemonTaskDefinition", "d"}, {"serviceArn", "s"}};
  Json whole = arn;
  whole.update({{"daemonName", "d"},
                {"daemonTaskDefinitionArn", "t"},
                {"capacityProviderArns", {"c"}},
                {"daemonDeploymentArns", {"x"}},
                {"daemonRevisionArns", {"x"}},
                {"family", "f"},
                {"containerDefinitions", {{{"image", "i"}}}},
                {"executionRoleArn", "r"},
                {"infrastructureRoleArn", "r"},
                {"primaryContainer", {{"image", "i"}}}});
  for (const char* operation :
       {"RegisterDaemonTaskDefinition", "DescribeDaemonTaskDefinition", "ListDaemonTaskDefinitions",
        "DeleteDaemonTaskDefinition", "CreateDaemon", "UpdateDaemon", "DescribeDaemon", "DeleteDaemon",
        "ListDaemons", "DescribeDaemonDeployments", "ListDaemonDeployments", "DescribeDaemonRevisions"}) {
    CHECK_THAT(
        bench.refusal(operation, whole),
        Catch::StartsWith("UnsupportedFeatureException: Daemons run on hosts that Amazon ECS manages"));
  }
  for (const char* operation : {"CreateExpressGatewayService", "UpdateExpressGatewayService",
                                "DescribeExpressGatewayService", "DeleteExpressGatewayService"}) {
    CHECK_THAT(bench.refusal(operation, whole),
               Catch::StartsWith("UnsupportedFeatureException: Express services bring a load balancer"));
  }
  CHECK_THAT(bench.refusal("CreateDaemon"), !Catch::StartsWith("UnsupportedFeature"));
  CHECK_THAT(bench.refusal("DescribeExpressGatewayService"), !Catch::StartsWith("UnsupportedFeature"));
}

TEST_CASE("what can't be run yet is stored, and refused by name when it is to run") {
  const std::string feature = "UnsupportedFeatureException: The task definition uses ";
  const std::string end = " which this version of Berth can't run yet.";
  CHECK(runsContainer({{"firelensConfiguration", {{"type", "fluentbit"}}}}) ==
        feature + "firelensConfiguration of container 'app'" + end);
  CHECK(runs(Json::array({container()}), {{"volumes", {{{"name", "v"}, {"configuredAtLaunch", true}}}}}) ==
        feature + "configuredAtLaunch of volume 'v'," + end);
}

TEST_CASE("launch types that are not there yet are refused by name") {
  auto wish = [](Json run) { return runs(Json::array({container()}), Json::object(), std::move(run)); };
  CHECK(wish({{"launchType", "FARGATE"}}) ==
        "UnsupportedFeatureException: Launch type FARGATE is not offered by this version of Berth: use EC2.");
}

TEST_CASE("awsvpc needs a network configuration, of which subnets alone are taken") {
  Json network{{"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", {"s"}}}}}}};
  CHECK(runs(Json::array({container()}), {{"networkMode", "awsvpc"}}) ==
        "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is "
        "specified.");
  const auto with = [](Json configuration) {
    return runs(Json::array({container()}), {{"networkMode", "awsvpc"}},
                {{"networkConfiguration", {{"awsvpcConfiguration", std::move(configuration)}}}});
  };
  CHECK(with({{"subnets", Json::array()}}) == "InvalidParameterException: subnets can not be empty.");
  CHECK_THAT(with({{"subnets", {"s"}}, {"securityGroups", {"sg"}}}),
             Catch::StartsWith("UnsupportedFeatureException: securityGroups is not offered"));
  CHECK(with({{"subnets", {"s"}}, {"assignPublicIp", "ENABLED"}}) ==
        "InvalidParameterException: Assign public IP is not supported for this launch type.");
  CHECK(
      runs(Json::array({container()}), Json::object(), network) ==
      "InvalidParameterException: Network Configuration is not valid for the given networkMode of this task "
      "definition.");
}
