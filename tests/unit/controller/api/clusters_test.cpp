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
