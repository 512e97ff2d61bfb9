#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::kArns;
using sample::merged;
using sample::ServiceBench;

TEST_CASE("a service has the defaults of what it does not say") {
  ServiceBench bench;
  const Json made = bench.create();
  CHECK(made["serviceArn"] == kArns + "service/default/web");
  CHECK(made["clusterArn"] == kArns + "cluster/default");
  CHECK(made["serviceName"] == "web");
  CHECK(made["status"] == "ACTIVE");
  CHECK(made["taskDefinition"] == kArns + "task-definition/app:1");
  CHECK(made["desiredCount"] == 2);
  CHECK(made["runningCount"] == 0);
  CHECK(made["pendingCount"] == 0);
  CHECK(made["launchType"] == "EC2");
  CHECK_FALSE(made.contains("capacityProviderStrategy"));
  CHECK_FALSE(made.contains("taskSets"));
  CHECK_FALSE(made.contains("roleArn"));
  for (const char* member : {"loadBalancers", "serviceRegistries", "placementConstraints",
                             "placementStrategy", "events", "tags"}) {
    CHECK(made[member] == Json::array());
  }
  CHECK(made["deploymentConfiguration"] ==
        Json{{"maximumPercent", 200},
             {"minimumHealthyPercent", 100},
             {"strategy", "ROLLING"},
             {"deploymentCircuitBreaker", {{"enable", false}, {"rollback", false}}},
             {"alarms", {{"alarmNames", Json::array()}, {"enable", false}, {"rollback", false}}}});
  CHECK(made["schedulingStrategy"] == "REPLICA");
  CHECK(made["deploymentController"] == Json{{"type", "ECS"}});
  CHECK(made["propagateTags"] == "NONE");
  CHECK(made["enableECSManagedTags"] == false);
  CHECK(made["enableExecuteCommand"] == false);
  CHECK(made["healthCheckGracePeriodSeconds"] == 0);
  CHECK(made["availabilityZoneRebalancing"] == "ENABLED");
  CHECK(made["resourceManagementType"] == "CUSTOMER");
  CHECK(made["createdAt"] == 1'790'000'000 + bench.second);
  CHECK(made["createdBy"] == "arn:aws:iam::000000000000:user/AKIATEST");
  CHECK(made == bench.described());
}

TEST_CASE("a new service has one PRIMARY deployment of its first revision") {
  ServiceBench bench;
  const Json made = bench.create();
  REQUIRE(made["deployments"].size() == 1);
  const Json& deployment = made["deployments"][0];
  const std::string id = deployment["id"];
  CHECK_THAT(id, Catch::Matches("ecs-svc/[0-9]{19}"));
  CHECK(deployment == Json{{"id", id},
                           {"status", "PRIMARY"},
                           {"taskDefinition", kArns + "task-definition/app:1"},
                           {"desiredCount", 2},
                           {"pendingCount", 0},
                           {"runningCount", 0},
                           {"failedTasks", 0},
                           {"createdAt", made["createdAt"]},
                           {"updatedAt", made["createdAt"]},
                           {"launchType", "EC2"},
                           {"rolloutState", "IN_PROGRESS"},
                           {"rolloutStateReason", "ECS deployment " + id + " in progress."}});
  CHECK_THAT(made["currentServiceDeployment"].get<std::string>(),
             Catch::Matches(kArns + "service-deployment/default/web/[A-Za-z0-9]{21}"));
  REQUIRE(made["currentServiceRevisions"].size() == 1);
  const Json& revision = made["currentServiceRevisions"][0];
  CHECK_THAT(revision["arn"].get<std::string>(),
             Catch::Matches(kArns + "service-revision/default/web/[0-9]{19}"));
  CHECK(revision["requestedTaskCount"] == 2);
}

TEST_CASE("what is given is kept and shown") {
  ServiceBench bench;
  const Json rules{{"maximumPercent", 150},
                   {"minimumHealthyPercent", 50},
                   {"strategy", "ROLLING"},
                   {"alarms", {{"alarmNames", {"a"}}, {"enable", false}, {"rollback", true}}},
                   {"deploymentCircuitBreaker",
                    {{"enable", true},
                     {"rollback", true},
                     {"resetOnHealthyTask", false},
                     {"thresholdConfiguration", {{"type", "COUNT"}, {"value", 5}}}}}};
  const Json given{{"launchType", "EXTERNAL"},
                   {"deploymentConfiguration", rules},
                   {"placementConstraints", {{{"type", "distinctInstance"}}}},
                   {"placementStrategy", {{{"type", "spread"}, {"field", "instanceId"}}}},
                   {"healthCheckGracePeriodSeconds", 30},
                   {"enableECSManagedTags", true},
                   {"propagateTags", "SERVICE"},
                   {"availabilityZoneRebalancing", "DISABLED"},
                   {"tags", {{{"key", "a"}, {"value", "1"}}}}};
  const Json made = bench.create(ServiceBench::wanted(given));
  for (const auto& [member, value] : given.items()) {
    CAPTURE(member);
    CHECK(made[member] == value);
  }
  CHECK(made == bench.described());
}

TEST_CASE("a service is of a revision of its definition, the newest where none is named") {
  ServiceBench bench;
  bench.define("app");
  CHECK(bench.create()["taskDefinition"] == kArns + "task-definition/app:2");
  CHECK(bench.create(
            ServiceBench::wanted({{"serviceName", "old"}, {"taskDefinition", "app:1"}}))["taskDefinition"] ==
        kArns + "task-definition/app:1");
  CHECK(
      bench.create(ServiceBench::wanted(
          {{"serviceName", "arn"}, {"taskDefinition", kArns + "task-definition/app:1"}}))["taskDefinition"] ==
      kArns + "task-definition/app:1");
}

TEST_CASE("a service may want no tasks, and be in another cluster") {
  ServiceBench bench;
  bench.cluster("other");
  const Json made = bench.create(ServiceBench::wanted({{"cluster", "other"}, {"desiredCount", 0}}));
  CHECK(made["desiredCount"] == 0);
  CHECK(made["serviceArn"] == kArns + "service/other/web");
  CHECK(bench.create()["serviceArn"] == kArns + "service/default/web");
}

TEST_CASE("a capacity provider strategy takes the place of the launch type") {
  ServiceBench bench;
  const Json strategy = Json::array(
      {{{"capacityProvider", "a"}, {"base", 1}, {"weight", 1}}, {{"capacityProvider", "b"}, {"weight", 4}}});
  const Json made = bench.create(ServiceBench::wanted({{"capacityProviderStrategy", strategy}}));
  CHECK(made["capacityProviderStrategy"] == strategy);
  CHECK_FALSE(made.contains("launchType"));
  CHECK(made["deployments"][0]["capacityProviderStrategy"] == strategy);
  CHECK_FALSE(made["deployments"][0].contains("launchType"));
}

TEST_CASE("a daemon wants a task on each instance that its constraints allow") {
  ServiceBench bench;
  bench.host("default", {{"attributes", Json::array()}});
  const Json made = bench.create(ServiceBench::daemon());
  CHECK(made["schedulingStrategy"] == "DAEMON");
  CHECK(made["deploymentConfiguration"]["maximumPercent"] == 100);
  CHECK(made["deploymentConfiguration"]["minimumHealthyPercent"] == 0);
  CHECK(made["desiredCount"] == 2);
  CHECK(made["deployments"][0]["desiredCount"] == 2);
  const Json constraint = Json::array(
      {{{"type", "memberOf"}, {"expression", "attribute:ecs.capability.container-ordering exists"}}});
  CHECK(bench.create(ServiceBench::daemon(
            {{"serviceName", "some"}, {"placementConstraints", constraint}}))["desiredCount"] == 1);
  bench.call("UpdateContainerInstancesState",
             {{"containerInstances", {bench.host_arn}}, {"status", "DRAINING"}});
  CHECK(bench.described()["desiredCount"] == 1);
  CHECK(bench.described("some")["desiredCount"] == 0);
}

TEST_CASE("a service of task sets has neither a definition nor deployments of its own") {
  ServiceBench bench;
  const Json made = bench.create(ServiceBench::external());
  CHECK(made["deploymentController"] == Json{{"type", "EXTERNAL"}});
  CHECK_FALSE(made.contains("taskDefinition"));
  CHECK_FALSE(made.contains("currentServiceDeployment"));
  CHECK(made["deployments"] == Json::array());
  CHECK(made["taskSets"] == Json::array());
  CHECK(bench.create({{"serviceName", "none"},
                      {"deploymentController", {{"type", "EXTERNAL"}}}})["desiredCount"] == 0);
}

TEST_CASE("the same creation is the same service") {
  ServiceBench bench;
  const Json input = ServiceBench::wanted({{"clientToken", "t"}, {"tags", {{{"key", "a"}, {"value", "1"}}}}});
  const Json made = bench.create(input);
  CHECK(bench.create(input) == made);
  CHECK(bench.last.mutations.empty());
  Json bare = input;
  bare.erase("clientToken");
  CHECK(bench.create(bare) == made);
  CHECK(bench.last.mutations.empty());
}

TEST_CASE("a token means its service whatever became of it, another request does not") {
  ServiceBench bench;
  const std::string other = "InvalidParameterException: Creation of service was not idempotent.";
  const Json input = ServiceBench::wanted({{"clientToken", "t"}});
  bench.create(input);
  const Json changed = bench.update({{"desiredCount", 7}});
  CHECK(bench.create(input) == changed);
  CHECK(bench.refused(merged(input, {{"desiredCount", 3}})) == other);
  CHECK(bench.refused(ServiceBench::wanted()) == other);
  bench.create(ServiceBench::wanted({{"desiredCount", 7}}));
  CHECK(bench.last.mutations.empty());
}

TEST_CASE("other settings under a name that is taken are refused, each of them") {
  ServiceBench bench;
  bench.create();
  bench.define("other");
  for (const Json& more :
       {Json{{"desiredCount", 3}}, Json{{"taskDefinition", "other"}}, Json{{"launchType", "EXTERNAL"}},
        Json{{"propagateTags", "SERVICE"}}, Json{{"tags", {{{"key", "a"}, {"value", "1"}}}}},
        Json{{"deploymentConfiguration", {{"maximumPercent", 150}}}}}) {
    CAPTURE(more.dump());
    CHECK(bench.refused(ServiceBench::wanted(more)) ==
          "InvalidParameterException: Creation of service was not idempotent.");
  }
}

TEST_CASE("the name of an INACTIVE service is free, and the new one has none of its history") {
  ServiceBench bench;
  bench.create(ServiceBench::wanted({{"desiredCount", 0}, {"clientToken", "t"}}));
  bench.call("DeleteService", {{"service", "web"}});
  CHECK(bench.described()["status"] == "INACTIVE");
  CHECK(bench.call("ListServiceDeployments", {{"service", "web"}})["serviceDeployments"].size() == 1);
  const Json made = bench.create(ServiceBench::wanted({{"clientToken", "t"}}));
  CHECK(made["status"] == "ACTIVE");
  CHECK(made["desiredCount"] == 2);
  CHECK(bench.call("ListServiceDeployments", {{"service", "web"}})["serviceDeployments"].size() == 1);
  CHECK(bench.core.state().revisionsOf("default/web").size() == 1);
}

TEST_CASE("the name of a DRAINING service is not free") {
  ServiceBench bench;
  const std::string deployment = bench.create()["deployments"][0]["id"];
  bench.put('a', "service:web", deployment);
  bench.call("DeleteService", {{"service", "web"}, {"force", true}});
  CHECK(bench.refused(ServiceBench::wanted()) ==
        "InvalidParameterException: Unable to Start a service that is still Draining.");
}
