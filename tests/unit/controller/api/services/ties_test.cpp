// What other operations know of services.
#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::kArns;
using sample::kInvalid;
using sample::ServiceBench;

TEST_CASE("tasks are listed by their service") {
  ServiceBench bench;
  bench.create();
  const std::string web = bench.put('a', "service:web", "ecs-svc/1");
  const std::string stopped = bench.put('b', "service:web", "ecs-svc/1", TaskStatus::Stopped);
  bench.put('c', "service:web-2", "ecs-svc/2");
  bench.put('d', "family:app", "");
  const auto listed = [&](Json input) { return bench.call("ListTasks", std::move(input))["taskArns"]; };
  for (const std::string& reference : {std::string("web"), kArns + "service/default/web"}) {
    CHECK(listed({{"serviceName", reference}}) == Json::array({web}));
  }
  CHECK(listed({{"serviceName", "web"}, {"desiredStatus", "STOPPED"}}) == Json::array({stopped}));
  CHECK(listed({{"serviceName", "web"}, {"family", "other"}}).empty());
  CHECK(listed({{"startedBy", "ecs-svc/2"}}).size() == 1);
  CHECK(bench.refusal("ListTasks", {{"serviceName", "none"}}) ==
        "ServiceNotFoundException: Service not found.");
  CHECK(bench.refusal("ListTasks", {{"serviceName", "web"}, {"startedBy", "me"}}) ==
        kInvalid + "startedBy can't be combined with another filter.");
}

TEST_CASE("a group of a service is not for tasks that are run by hand") {
  ServiceBench bench;
  const std::string refusal =
      kInvalid + "A group that begins with 'service:' is that of a service: use another one.";
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}, {"group", "service:web"}}) == refusal);
  CHECK(bench.refusal("StartTask", {{"taskDefinition", "app"},
                                    {"group", "service:web"},
                                    {"containerInstances", {bench.host_arn}}}) == refusal);
  bench.runOne({{"taskDefinition", "app"}, {"group", "services"}});
}

TEST_CASE("a cluster counts its services") {
  ServiceBench bench;
  const std::string deployment = bench.create()["deployments"][0]["id"];
  bench.create(ServiceBench::wanted({{"serviceName", "b"}, {"launchType", "EXTERNAL"}}));
  bench.create(ServiceBench::wanted({{"serviceName", "gone"}, {"desiredCount", 0}}));
  bench.call("DeleteService", {{"service", "gone"}});
  bench.cluster("other");
  bench.create(ServiceBench::wanted({{"cluster", "other"}}));
  const auto described = [&] {
    return bench.call("DescribeClusters", {{"include", {"STATISTICS"}}})["clusters"][0];
  };
  const auto statistic = [&](const std::string& name) {
    const Json cluster = described();
    for (const Json& one : cluster["statistics"]) {
      if (one["name"] == name) return one["value"].get<std::string>();
    }
    return std::string("none");
  };
  CHECK(described()["activeServicesCount"] == 2);
  CHECK(statistic("activeEC2ServiceCount") == "1");
  CHECK(statistic("activeExternalServiceCount") == "1");
  CHECK(statistic("drainingEC2ServiceCount") == "0");
  bench.put('a', "service:web", deployment);
  bench.call("DeleteService", {{"service", "web"}, {"force", true}});
  CHECK(described()["activeServicesCount"] == 1);
  CHECK(statistic("activeEC2ServiceCount") == "0");
  CHECK(statistic("drainingEC2ServiceCount") == "1");
  CHECK(statistic("runningEC2TasksCount") == "1");
}

TEST_CASE("a cluster with services stays until they are INACTIVE, and comes back without them") {
  ServiceBench bench;
  bench.cluster("other");
  bench.create(ServiceBench::wanted({{"cluster", "other"}}));
  CHECK(bench.refusal("DeleteCluster", {{"cluster", "other"}}) ==
        "ClusterContainsServicesException: The Cluster cannot be deleted while Services are active.");
  bench.call("DeleteService", {{"cluster", "other"}, {"service", "web"}, {"force", true}});
  bench.call("DeleteCluster", {{"cluster", "other"}});
  bench.cluster("other");
  CHECK(bench.call("DescribeServices", {{"cluster", "other"}, {"services", {"web"}}})["failures"].size() ==
        1);
  CHECK(bench.core.state().deploymentsOf("other/web").empty());
}

TEST_CASE("services and task sets are tagged, changed and untagged") {
  ServiceBench bench;
  const std::string service = bench.create(ServiceBench::external())["serviceArn"];
  const std::string set = bench.call(
      "CreateTaskSet",
      {{"cluster", "default"}, {"service", "web"}, {"taskDefinition", "app"}})["taskSet"]["taskSetArn"];
  const Json a = Json::array({{{"key", "a"}, {"value", "1"}}});
  for (const std::string& arn : {service, set}) {
    bench.call("TagResource", {{"resourceArn", arn}, {"tags", a}});
    CHECK(bench.call("ListTagsForResource", {{"resourceArn", arn}})["tags"] == a);
  }
  CHECK(bench.described()["tags"] == a);
  bench.call("UntagResource", {{"resourceArn", set}, {"tagKeys", {"a"}}});
  CHECK(bench.call("ListTagsForResource", {{"resourceArn", set}})["tags"].empty());
}

TEST_CASE("services are tagged by their long ARN, while they are there") {
  ServiceBench bench;
  bench.create();
  const auto refusal = [&](const std::string& resource) {
    return bench.refusal("ListTagsForResource", {{"resourceArn", kArns + resource}});
  };
  CHECK(refusal("service/web") ==
        kInvalid +
            "Services are tagged by their long ARN, service/CLUSTER/NAME, which only those have that were "
            "made while serviceLongArnFormat was enabled: not by " +
            kArns + "service/web.");
  CHECK(refusal("service/default/no name") == kInvalid + "The ARN provided is invalid.");
  CHECK(refusal("task-set/web") == kInvalid + "The ARN provided is invalid.");
  bench.call("DeleteService", {{"service", "web"}, {"force", true}});
  CHECK(refusal("service/default/web") == "ServiceNotFoundException: Service not found.");
}

TEST_CASE("a definition whose deletion was asked for stays while a service or task set runs it") {
  ServiceBench bench;
  bench.define("set");
  bench.create(ServiceBench::wanted({{"taskDefinition", "app:1"}}));
  bench.create(ServiceBench::external({{"serviceName", "sets"}}));
  bench.call("CreateTaskSet", {{"cluster", "default"}, {"service", "sets"}, {"taskDefinition", "set:1"}});
  for (const char* definition : {"app:1", "set:1"}) {
    bench.call("DeregisterTaskDefinition", {{"taskDefinition", definition}});
    bench.call("DeleteTaskDefinitions", {{"taskDefinitions", {definition}}});
  }
  bench.wait(120);
  CHECK(bench.core.state().definition("app:1"));
  CHECK(bench.core.state().definition("set:1"));
  bench.call("DeleteService", {{"service", "web"}, {"force", true}});
  bench.call("DeleteService", {{"service", "sets"}, {"force", true}});
  bench.wait(120);
  CHECK_FALSE(bench.core.state().definition("app:1"));
  CHECK_FALSE(bench.core.state().definition("set:1"));
}
