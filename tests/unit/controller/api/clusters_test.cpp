#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

TEST_CASE("a cluster is created, described, listed and deleted") {
  Bench bench;
  Json made = bench.call("CreateCluster", {{"clusterName", "prod"}})["cluster"];
  CHECK(made["clusterArn"] == "arn:aws:ecs:us-east-1:000000000000:cluster/prod");
  CHECK(made["status"] == "ACTIVE");
  CHECK(bench.last.mutations.size() == 1);
  CHECK(bench.call("ListClusters")["clusterArns"] == Json::array({made["clusterArn"]}));
  CHECK(bench.call("DescribeClusters", {{"clusters", {"prod"}}})["clusters"][0]["clusterName"] == "prod");
  CHECK(bench.call("DeleteCluster", {{"cluster", "prod"}})["cluster"]["status"] == "INACTIVE");
  CHECK(bench.call("ListClusters")["clusterArns"].empty());
  CHECK(bench.refusal("DeleteCluster", {{"cluster", "prod"}}) ==
        "ClusterNotFoundException: The referenced cluster was inactive.");
}

TEST_CASE("a cluster without a name is the default one, by name or ARN") {
  Bench bench;
  std::string arn = bench.call("CreateCluster")["cluster"]["clusterArn"];
  CHECK(arn == "arn:aws:ecs:us-east-1:000000000000:cluster/default");
  for (const char* reference : {"default", arn.c_str()}) {
    CHECK(bench.call("DescribeClusters", {{"clusters", {reference}}})["clusters"].size() == 1);
  }
  CHECK(bench.call("DescribeClusters")["clusters"].size() == 1);
}

TEST_CASE("creating a cluster that is there answers it and changes nothing") {
  Bench bench;
  bench.call("CreateCluster", {{"tags", {{{"key", "a"}, {"value", "1"}}}}});
  Json again = bench.call("CreateCluster", {{"tags", {{{"key", "b"}, {"value", "2"}}}}})["cluster"];
  CHECK(again["tags"][0]["key"] == "a");
  CHECK(bench.last.mutations.empty());
}

TEST_CASE("a deleted cluster can be made again") {
  Bench bench;
  bench.cluster();
  bench.call("DeleteCluster", {{"cluster", "default"}});
  CHECK(bench.call("CreateCluster")["cluster"]["status"] == "ACTIVE");
}

TEST_CASE("a cluster with instances or tasks stays") {
  Bench bench;
  std::string host = bench.ready();
  std::string task = bench.runOne();
  CHECK(bench.refusal("DeleteCluster", {{"cluster", "default"}}) ==
        "ClusterContainsContainerInstancesException: The Cluster cannot be deleted while Container Instances "
        "are "
        "active or draining.");
  bench.call("DeregisterContainerInstance", {{"containerInstance", host}, {"force", true}});
  CHECK(bench.call("DeleteCluster", {{"cluster", "default"}})["cluster"]["status"] == "INACTIVE");
}

TEST_CASE("clusters that are not there are failures of a description, and errors elsewhere") {
  Bench bench;
  Json reply = bench.call("DescribeClusters", {{"clusters", {"none"}}});
  CHECK(reply["clusters"].empty());
  CHECK(reply["failures"][0]["reason"] == "MISSING");
  CHECK(reply["failures"][0]["arn"] == "arn:aws:ecs:us-east-1:000000000000:cluster/none");
  for (const char* operation : {"ListTasks", "ListContainerInstances", "DeleteCluster"}) {
    CHECK(bench.refusal(operation, {{"cluster", "none"}}) == "ClusterNotFoundException: Cluster not found.");
  }
}

TEST_CASE("settings are checked, kept, and shown when they are asked for") {
  Bench bench;
  auto settings = [](const char* value) {
    return Json{{"settings", {{{"name", "containerInsights"}, {"value", value}}}}};
  };
  CHECK_THAT(bench.refusal("CreateCluster", settings("maybe")),
             Catch::StartsWith("InvalidParameterException: Invalid value 'maybe'"));
  bench.call("CreateCluster", settings("enabled"));
  Json described = bench.call("DescribeClusters", {{"include", {"SETTINGS"}}})["clusters"][0];
  CHECK(described["settings"][0]["value"] == "enabled");
}

TEST_CASE("a cluster counts its instances and tasks") {
  Bench bench;
  bench.ready();
  bench.runOne();
  std::string running = bench.runOne();
  bench.report(running, "RUNNING");
  Json described = bench.call("DescribeClusters")["clusters"][0];
  CHECK(described["registeredContainerInstancesCount"] == 1);
  CHECK(described["runningTasksCount"] == 1);
  CHECK(described["pendingTasksCount"] == 1);
}

TEST_CASE("a cluster in which tasks are left stays, though their instance is gone") {
  Bench bench;
  bench.cluster();
  Task task;
  task.id = std::string(32, 'a');
  task.spec.edit([](TaskSpec& spec) {
    spec.cluster = "default";
    spec.definition = "app:1";
  });
  task.instance = "i";
  TaskDefinition definition;
  definition.family = "app";
  definition.revision = 1;
  Instance instance;
  instance.id = "i";
  instance.cluster = "default";
  instance.status = "INACTIVE";
  bench.core.load({task, definition, instance});
  CHECK(bench.refusal("DeleteCluster", {{"cluster", "default"}}) ==
        "ClusterContainsTasksException: The Cluster cannot be deleted while Tasks are active.");
  task.lastStatus = TaskStatus::Stopped;
  bench.core.load({task});
  CHECK(bench.call("DeleteCluster", {{"cluster", "default"}})["cluster"]["status"] == "INACTIVE");
}

TEST_CASE("another cluster's instances and tasks do not keep a cluster") {
  Bench bench;
  bench.ready();
  bench.runOne();
  bench.cluster("empty");
  CHECK(bench.call("DeleteCluster", {{"cluster", "empty"}})["cluster"]["status"] == "INACTIVE");
}

TEST_CASE("a deleted cluster is still described, and made anew without what it had") {
  Bench bench;
  bench.call("CreateCluster", {{"tags", {{{"key", "a"}, {"value", "1"}}}}});
  bench.call("DeleteCluster", {{"cluster", "default"}});
  CHECK(bench.call("DescribeClusters")["clusters"][0]["status"] == "INACTIVE");
  CHECK(bench.call("CreateCluster")["cluster"]["tags"].empty());
}

TEST_CASE("a cluster's name has the characters of names") {
  Bench bench;
  CHECK(
      bench.refusal("CreateCluster", {{"clusterName", "a/b"}}) ==
      "InvalidParameterException: Invalid identifier 'a/b': a cluster has up to 255 letters, digits, '_' and "
      "'-'");
  CHECK_THAT(bench.refusal("CreateCluster", {{"clusterName", std::string(256, 'x')}}),
             Catch::StartsWith("InvalidParameterException: Invalid identifier 'xxx"));
  bench.cluster(std::string(255, 'x'));
}

TEST_CASE("a description has the parts that are asked for") {
  Bench bench;
  Json configuration{{"executeCommandConfiguration", {{"logging", "NONE"}}}};
  bench.call("CreateCluster", {{"tags", {{{"key", "a"}, {"value", "1"}}}}, {"configuration", configuration}});
  auto described = [&](Json include) {
    return bench.call("DescribeClusters", {{"include", std::move(include)}})["clusters"][0];
  };
  Json bare = described(Json::array());
  CHECK(bare["tags"].empty());
  CHECK(bare["settings"].empty());
  CHECK(bare["statistics"].empty());
  CHECK_FALSE(bare.contains("configuration"));
  CHECK(described({"TAGS"})["tags"] == Json::array({{{"key", "a"}, {"value", "1"}}}));
  CHECK(described({"SETTINGS"})["settings"] ==
        Json::array({{{"name", "containerInsights"}, {"value", "disabled"}}}));
  CHECK(described({"CONFIGURATIONS"})["configuration"] == configuration);
  Json statistics = Json::array();
  for (const char* name :
       {"runningEC2TasksCount", "runningFargateTasksCount", "runningExternalTasksCount",
        "pendingEC2TasksCount", "pendingFargateTasksCount", "pendingExternalTasksCount",
        "activeEC2ServiceCount", "activeFargateServiceCount", "activeExternalServiceCount",
        "drainingEC2ServiceCount", "drainingFargateServiceCount", "drainingExternalServiceCount"}) {
    statistics.push_back({{"name", name}, {"value", "0"}});
  }
  CHECK(described({"STATISTICS"})["statistics"] == statistics);
}

TEST_CASE("a cluster's settings and configuration are changed, each on its own") {
  Bench bench;
  bench.cluster();
  const Json settings = Json::array({{{"name", "containerInsights"}, {"value", "enhanced"}}});
  const Json configuration{{"executeCommandConfiguration", {{"logging", "NONE"}}}};
  Json changed =
      bench.call("UpdateClusterSettings", {{"cluster", "default"}, {"settings", settings}})["cluster"];
  CHECK(changed["settings"] == settings);
  changed =
      bench.call("UpdateCluster", {{"cluster", "default"}, {"configuration", configuration}})["cluster"];
  CHECK(changed["settings"] == settings);
  CHECK(changed["configuration"] == configuration);
  CHECK_FALSE(changed.contains("serviceConnectDefaults"));
  const Json defaults{{"namespace", "inner"}};
  changed =
      bench.call("UpdateCluster", {{"cluster", "default"}, {"serviceConnectDefaults", defaults}})["cluster"];
  CHECK(changed["serviceConnectDefaults"] == defaults);
  CHECK(changed["configuration"] == configuration);
  CHECK(bench.call("DescribeClusters", {{"include", {"SETTINGS", "CONFIGURATIONS"}}})["clusters"][0] ==
        changed);
  CHECK(
      bench.refusal("UpdateClusterSettings",
                    {{"cluster", "default"},
                     {"settings", Json::array({{{"name", "containerInsights"}, {"value", "maybe"}}})}}) ==
      "InvalidParameterException: Invalid value 'maybe' for setting containerInsights: use enabled, disabled "
      "or enhanced.");
  CHECK(bench.refusal("CreateCluster",
                      {{"clusterName", "new"}, {"settings", Json::array({{{"value", "enabled"}}})}}) ==
        "InvalidParameterException: A cluster setting needs a name: containerInsights.");
  CHECK(bench.refusal("UpdateCluster", {{"cluster", "none"}}) ==
        "ClusterNotFoundException: Cluster not found.");
}
