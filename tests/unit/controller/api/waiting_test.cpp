// RunTask without room: which tasks wait instead of failing, and how the API shows them.
#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

const std::string kBadTag =
    "InvalidParameterException: The tag berth:wait must be a duration up to 7d, like 10m, not '";

Json waitFor(const std::string& time) { return Json::array({{{"key", "berth:wait"}, {"value", time}}}); }

Json patient(int count = 1) {
  return {{"taskDefinition", "app"}, {"count", count}, {"tags", waitFor("10m")}};
}

/// A cluster with the provider "rack", of managed scaling, and the definition "app".
struct Managed : Bench {
  explicit Managed(ControllerOptions options = sample::patient()) : Bench(options) {
    call("CreateCapacityProvider",
         {{"name", "rack"},
          {"autoScalingGroupProvider",
           {{"autoScalingGroupArn", "rack"}, {"managedScaling", {{"status", "ENABLED"}}}}}});
    call("CreateCluster", {{"capacityProviders", {"rack"}}});
    define("app");
  }
  static Json asked(int count = 1) {
    return {{"taskDefinition", "app"},
            {"count", count},
            {"capacityProviderStrategy", {{{"capacityProvider", "rack"}, {"weight", 1}}}}};
  }
  std::string rackHost() {
    Json attributes = capable();
    attributes.push_back({{"name", "berth.capacity-provider"}, {"value", "rack"}});
    std::string arn = host("default", {{"attributes", attributes}});
    session = join(arn);
    return arn;
  }
};

}  // namespace

TEST_CASE("a task with the tag berth:wait waits in PROVISIONING, without an instance") {
  Bench bench;
  bench.cluster();
  bench.define("app");
  const Json task = bench.call("RunTask", patient())["tasks"].at(0);
  CHECK(task["lastStatus"] == "PROVISIONING");
  CHECK(task["desiredStatus"] == "RUNNING");
  CHECK(task["launchType"] == "EC2");
  CHECK_FALSE(task.contains("containerInstanceArn"));
  CHECK_FALSE(task.contains("connectivity"));
  CHECK(task["containers"][0]["lastStatus"] == "PENDING");
  CHECK(bench.call("ListTasks")["taskArns"] == Json::array({task["taskArn"]}));
  CHECK(bench.call("DescribeClusters", {{"clusters", {"default"}}})["clusters"][0]["pendingTasksCount"] == 0);
  CHECK(bench.core.state().tasksOn("").empty());
  CHECK(bench.core.state().load("").used == Resources{});
}

TEST_CASE("without the tag a task fails at once, as on ECS") {
  Bench bench;
  bench.ready();
  const Json reply = bench.call("RunTask", {{"taskDefinition", "app"}, {"count", 5}});
  CHECK(reply["tasks"].size() == 4);
  CHECK(reply["failures"][0]["reason"] == "RESOURCE:CPU");
}

TEST_CASE("copies without room wait, the others begin") {
  Bench bench;
  const std::string host = bench.ready();
  const Json reply = bench.call("RunTask", patient(5));
  CHECK(reply["failures"].empty());
  REQUIRE(reply["tasks"].size() == 5);
  CHECK(reply["tasks"][3]["lastStatus"] == "PENDING");
  CHECK(reply["tasks"][4]["lastStatus"] == "PROVISIONING");
  const Json there = bench.call("ListTasks", {{"containerInstance", host}});
  CHECK(there["taskArns"].size() == 4);
}

TEST_CASE("the tag is a duration of up to a week, and 0s is none") {
  Bench bench;
  bench.ready();
  const auto refused = [&](const std::string& time) {
    return bench.refusal("RunTask", {{"taskDefinition", "app"}, {"tags", waitFor(time)}});
  };
  CHECK(refused("soon") == kBadTag + "soon'.");
  CHECK(refused("") == kBadTag + "'.");
  CHECK(refused("8d") == kBadTag + "8d'.");
  Json none = patient(5);
  none["tags"] = waitFor("0s");
  CHECK(bench.call("RunTask", none)["failures"].size() == 1);
}

TEST_CASE("a definition's tag counts when the definition hands its tags down") {
  Bench bench;
  bench.cluster();
  bench.define("app", Json::array({sample::container()}), {{"tags", waitFor("1h")}});
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}}) ==
        "InvalidParameterException: No Container Instances were found in your cluster.");
  bench.runOne({{"taskDefinition", "app"}, {"propagateTags", "TASK_DEFINITION"}});
}

TEST_CASE("tasks of a provider with managed scaling wait for a host of it") {
  Managed bench;
  const std::string arn = bench.runOne(Managed::asked());
  CHECK(bench.task(arn)["lastStatus"] == "PROVISIONING");
  CHECK(bench.task(arn)["capacityProviderName"] == "rack");
  bench.join(bench.host());
  CHECK(bench.task(arn)["lastStatus"] == "PROVISIONING");
  const std::string host = bench.rackHost();
  CHECK(bench.task(arn)["containerInstanceArn"] == host);
  CHECK(bench.task(arn)["capacityProviderName"] == "rack");
}

TEST_CASE("a call's tag counts before the provider") {
  Managed bench;
  bench.rackHost();
  Json input = Managed::asked(5);
  input["tags"] = waitFor("0s");
  CHECK(bench.call("RunTask", input)["failures"].size() == 1);
}

TEST_CASE("tasks of a provider without managed scaling fail at once") {
  Managed bench;
  bench.rackHost();
  bench.call(
      "UpdateCapacityProvider",
      {{"name", "rack"}, {"autoScalingGroupProvider", {{"managedScaling", {{"status", "DISABLED"}}}}}});
  CHECK(bench.call("RunTask", Managed::asked(5))["failures"].size() == 1);
}

TEST_CASE("a provider's tasks give up after provider_wait, with the reason of its hosts alone") {
  ControllerOptions options;
  options.providerWait = std::chrono::seconds(10);
  Managed bench(options);
  bench.join(bench.host());
  const std::string none = bench.runOne(Managed::asked());
  bench.wait(11);
  CHECK(bench.task(none)["stopCode"] == "TaskFailedToStart");
  CHECK(bench.task(none)["stoppedReason"] == "TaskFailedToStart: EMPTY CAPACITY PROVIDER");
  bench.rackHost();
  const std::string full = bench.run(Managed::asked(5)).at(4);
  bench.wait(11);
  CHECK(bench.task(full)["stoppedReason"] == "TaskFailedToStart: RESOURCE:CPU");
}

TEST_CASE("a cluster's waiting tasks have a quota, which refuses all of a call") {
  ControllerOptions options;
  options.quotas.waitingPerCluster = 3;
  Managed bench(options);
  bench.run(Managed::asked(2));
  CHECK(
      bench.refusal("RunTask", Managed::asked(2)) ==
      "ClientException: The quota of 3 tasks per cluster that wait for a place is reached: stop some or add "
      "hosts, or raise quotas.waiting_per_cluster in controller.yaml.");
  bench.run(Managed::asked(1));
  bench.call("CreateCluster", {{"clusterName", "other"}});
  Json elsewhere = patient();
  elsewhere["cluster"] = "other";
  bench.runOne(elsewhere);
}

TEST_CASE("a waiting task is stopped at once, and so never begins") {
  Managed bench;
  const std::string arn = bench.runOne(Managed::asked());
  const Json task = bench.call("StopTask", {{"task", arn}, {"reason", "changed my mind"}})["task"];
  CHECK(task["lastStatus"] == "STOPPED");
  CHECK(task["stopCode"] == "UserInitiated");
  CHECK(task["stoppedReason"] == "changed my mind");
  CHECK(task["containers"][0]["lastStatus"] == "STOPPED");
  CHECK(task.contains("stoppedAt"));
  bench.rackHost();
  CHECK(bench.sent<berth::acs::PayloadMessage>().empty());
  CHECK(bench.task(arn)["lastStatus"] == "STOPPED");
}

TEST_CASE("what an agent says of a task that waits counts for nothing") {
  Managed bench;
  const std::string arn = bench.runOne(Managed::asked());
  bench.report(arn, "RUNNING");
  CHECK(bench.last.mutations.empty());
  bench.call("SubmitContainerStateChange", {{"task", arn}, {"containerName", "app"}, {"status", "RUNNING"}});
  CHECK(bench.last.mutations.empty());
  CHECK(bench.task(arn)["lastStatus"] == "PROVISIONING");
}

TEST_CASE("a call with a clientToken that is repeated answers the tasks that wait") {
  Managed bench;
  Json input = Managed::asked(2);
  input["clientToken"] = "once";
  const auto arns = bench.run(input);
  CHECK(bench.run(input) == arns);
  CHECK(bench.core.state().tasks().size() == 2);
}

TEST_CASE("a cluster with waiting tasks can't be deleted, nor can their provider be removed") {
  Managed bench;
  const std::string arn = bench.runOne(Managed::asked());
  CHECK_THAT(bench.refusal("DeleteCluster", {{"cluster", "default"}}),
             Catch::StartsWith("ClusterContainsTasksException"));
  CHECK_THAT(
      bench.refusal("PutClusterCapacityProviders", {{"cluster", "default"},
                                                    {"capacityProviders", Json::array()},
                                                    {"defaultCapacityProviderStrategy", Json::array()}}),
      Catch::StartsWith("ResourceInUseException"));
  bench.call("StopTask", {{"task", arn}});
  bench.call("DeleteCluster", {{"cluster", "default"}});
}
