#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::container;
using sample::kArns;
using sample::kInvalid;
using sample::kUnsupported;
using sample::merged;
using sample::ServiceBench;

TEST_CASE("what does not change the tasks makes no new deployment") {
  ServiceBench bench;
  const Json made = bench.create();
  const Json changes{{"placementStrategy", {{{"type", "random"}}}},
                     {"placementConstraints", {{{"type", "distinctInstance"}}}},
                     {"healthCheckGracePeriodSeconds", 9},
                     {"enableECSManagedTags", true},
                     {"propagateTags", "TASK_DEFINITION"},
                     {"availabilityZoneRebalancing", "DISABLED"}};
  const Json updated =
      bench.update(merged(changes, {{"deploymentConfiguration", {{"maximumPercent", 150}}}}));
  for (const auto& [member, value] : changes.items()) CHECK(updated[member] == value);
  CHECK(updated["deploymentConfiguration"]["maximumPercent"] == 150);
  CHECK(updated["deploymentConfiguration"]["minimumHealthyPercent"] == 100);
  CHECK(updated["deployments"] == made["deployments"]);
  CHECK(updated == bench.described());
}

TEST_CASE("scaling changes the count of the service and of its PRIMARY deployment") {
  ServiceBench bench;
  const Json made = bench.create();
  const Json updated = bench.update({{"desiredCount", 5}});
  CHECK(updated["desiredCount"] == 5);
  REQUIRE(updated["deployments"].size() == 1);
  CHECK(updated["deployments"][0]["id"] == made["deployments"][0]["id"]);
  CHECK(updated["deployments"][0]["desiredCount"] == 5);
  CHECK(updated["deployments"][0]["updatedAt"] == 1'790'000'000 + bench.second);
  CHECK(updated["currentServiceDeployment"] == made["currentServiceDeployment"]);
}

TEST_CASE("another definition is another deployment, which begins with no tasks") {
  ServiceBench bench;
  const Json made = bench.create();
  bench.define("app");
  const Json updated = bench.update({{"taskDefinition", "app"}});
  CHECK(updated["taskDefinition"] == kArns + "task-definition/app:2");
  REQUIRE(updated["deployments"].size() == 2);
  const Json& primary = updated["deployments"][0];
  CHECK(primary["status"] == "PRIMARY");
  CHECK(primary["taskDefinition"] == kArns + "task-definition/app:2");
  CHECK(primary["desiredCount"] == 0);
  CHECK(primary["rolloutState"] == "IN_PROGRESS");
  const Json& former = updated["deployments"][1];
  CHECK(former["id"] == made["deployments"][0]["id"]);
  CHECK(former["status"] == "ACTIVE");
  CHECK(former["desiredCount"] == 2);
  CHECK(former["launchType"] == "EC2");
  CHECK(updated["currentServiceDeployment"] != made["currentServiceDeployment"]);
  CHECK(updated["currentServiceRevisions"].size() == 2);
  CHECK(updated == bench.described());
}

TEST_CASE("the same definition again is no deployment, unless it is forced") {
  ServiceBench bench;
  const Json made = bench.create();
  CHECK(bench.update({{"taskDefinition", "app:1"}})["deployments"] == made["deployments"]);
  CHECK(bench.update({{"forceNewDeployment", true}})["deployments"].size() == 2);
}

TEST_CASE("deployments that have no tasks left are gone with the next one") {
  ServiceBench bench;
  const std::string first = bench.create()["deployments"][0]["id"];
  const std::string second = bench.update({{"forceNewDeployment", true}})["deployments"][0]["id"];
  bench.put('a', "service:web", second);
  const std::string third = bench.update({{"forceNewDeployment", true}})["deployments"][0]["id"];
  const Json after = bench.update({{"forceNewDeployment", true}})["deployments"];
  REQUIRE(after.size() == 3);
  CHECK(after[1]["id"] == third);
  CHECK(after[2]["id"] == second);
  CHECK(after[2]["runningCount"] == 1);
}

TEST_CASE("a strategy is given, and taken away for the launch type that was") {
  ServiceBench bench;
  bench.create(ServiceBench::wanted({{"launchType", "EXTERNAL"}}));
  const Json strategy = Json::array({{{"capacityProvider", "a"}, {"weight", 1}}});
  const Json provided = bench.update({{"capacityProviderStrategy", strategy}});
  CHECK(provided["capacityProviderStrategy"] == strategy);
  CHECK_FALSE(provided.contains("launchType"));
  CHECK(provided["deployments"].size() == 2);
  CHECK(provided["deployments"][1]["launchType"] == "EXTERNAL");
  const Json back = bench.update({{"capacityProviderStrategy", Json::array()}});
  CHECK(back["launchType"] == "EXTERNAL");
  CHECK_FALSE(back.contains("capacityProviderStrategy"));
  CHECK(back["deployments"][0]["launchType"] == "EXTERNAL");
}

TEST_CASE("lists that are left out stay, empty ones go") {
  ServiceBench bench;
  const Json strategy = Json::array({{{"type", "random"}}});
  bench.create(ServiceBench::wanted({{"placementStrategy", strategy}}));
  CHECK(bench.update({{"desiredCount", 1}})["placementStrategy"] == strategy);
  CHECK(bench.update({{"placementStrategy", Json::array()}})["placementStrategy"] == Json::array());
}

TEST_CASE("a service is meant by its name or ARN, long or old") {
  ServiceBench bench;
  bench.create();
  for (const std::string& reference :
       {std::string("web"), kArns + "service/default/web", kArns + "service/web"}) {
    CHECK(bench.update({{"service", reference}})["serviceName"] == "web");
  }
  CHECK(bench.refusedUpdate({{"service", kArns + "service/other/web"}}) ==
        "ServiceNotFoundException: Service not found.");
}

TEST_CASE("only an ACTIVE service is updated") {
  ServiceBench bench;
  CHECK(bench.refusedUpdate({{"desiredCount", 1}}) == "ServiceNotFoundException: Service not found.");
  CHECK(bench.refusedUpdate({{"cluster", "none"}}) == "ClusterNotFoundException: Cluster not found.");
  const std::string deployment = bench.create()["deployments"][0]["id"];
  bench.put('a', "service:web", deployment);
  bench.call("DeleteService", {{"service", "web"}, {"force", true}});
  CHECK(bench.refusedUpdate({{"desiredCount", 1}}) == "ServiceNotActiveException: Service was not ACTIVE.");
}

TEST_CASE("an update keeps the rules of a creation") {
  ServiceBench bench;
  bench.create();
  CHECK(bench.refusedUpdate({{"taskDefinition", "none"}}) == "ClientException: TaskDefinition not found.");
  CHECK(bench.refusedUpdate({{"desiredCount", -1}}) == kInvalid + "desiredCount must be 0 or more, not -1.");
  CHECK(bench.refusedUpdate({{"platformVersion", "LATEST"}}) ==
        kInvalid + "The platform version must be null when specifying an EC2 launch type.");
  CHECK(bench.refusedUpdate({{"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", {"s"}}}}}}}) ==
        kInvalid + "Network Configuration is not valid for the given networkMode of this task definition.");
  CHECK_THAT(bench.refusedUpdate({{"deploymentConfiguration", {{"strategy", "CANARY"}}}}),
             Catch::StartsWith(kUnsupported));
  CHECK_THAT(bench.refusedUpdate({{"capacityProviderStrategy", {{{"capacityProvider", "FARGATE"}}}}}),
             Catch::StartsWith(kUnsupported));
  CHECK_THAT(bench.refusedUpdate(
                 {{"monitoring",
                   {{"metricConfigurations", {{{"metricNames", {"m"}}, {"resolutionSeconds", 20}}}}}}}),
             Catch::StartsWith(kUnsupported + "monitoring needs Amazon CloudWatch"));
  bench.define("fire", Json::array({container("app", {{"firelensConfiguration", {{"type", "fluentbit"}}}})}));
  CHECK_THAT(bench.refusedUpdate({{"taskDefinition", "fire"}}),
             Catch::StartsWith(kUnsupported + "The task definition uses firelensConfiguration"));
  CHECK(bench.described()["deployments"].size() == 1);
}

TEST_CASE("the deployment controller stays what it is") {
  ServiceBench bench;
  bench.create();
  CHECK(bench.update({{"deploymentController", {{"type", "ECS"}}}})["status"] == "ACTIVE");
  CHECK(bench.refusedUpdate({{"deploymentController", {{"type", "EXTERNAL"}}}}) ==
        kUnsupported +
            "The deployment controller of a service can't be changed here: make another service with "
            "EXTERNAL.");
}

TEST_CASE("a daemon is not scaled") {
  ServiceBench bench;
  bench.create(ServiceBench::daemon());
  CHECK_THAT(bench.refusedUpdate({{"desiredCount", 1}}),
             Catch::StartsWith(kInvalid + "The daemon scheduling strategy does not support a desired count"));
  CHECK(bench.update({{"deploymentConfiguration",
                       {{"minimumHealthyPercent", 50}}}})["deploymentConfiguration"]["maximumPercent"] ==
        100);
}

TEST_CASE("a service of task sets is scaled, but rolls nothing itself") {
  ServiceBench bench;
  bench.create(ServiceBench::external());
  CHECK(bench.update({{"desiredCount", 8}})["desiredCount"] == 8);
  for (const Json& theirs : {Json{{"taskDefinition", "app"}}, Json{{"forceNewDeployment", true}},
                             Json{{"capacityProviderStrategy", {{{"capacityProvider", "a"}}}}}}) {
    CHECK_THAT(
        bench.refusedUpdate(theirs),
        Catch::EndsWith("can't be given to a service with the EXTERNAL deployment controller: its task "
                        "sets have their own, see CreateTaskSet."));
  }
}

TEST_CASE("an INACTIVE definition goes on, but is not taken up, and one that is deleted is not rolled") {
  ServiceBench bench;
  bench.create();
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "app:1"}});
  CHECK(bench.update({{"desiredCount", 3}})["desiredCount"] == 3);
  CHECK(bench.update({{"forceNewDeployment", true}})["deployments"].size() == 2);
  CHECK(bench.refusedUpdate({{"taskDefinition", "app:1"}}) == "ClientException: TaskDefinition is inactive");
  bench.call("DeleteTaskDefinitions", {{"taskDefinitions", {"app:1"}}});
  CHECK(bench.update({{"desiredCount", 4}})["desiredCount"] == 4);
  CHECK(bench.refusedUpdate({{"forceNewDeployment", true}}) == "ClientException: TaskDefinition is inactive");
}
