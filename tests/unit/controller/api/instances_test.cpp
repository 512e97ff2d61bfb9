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

TEST_CASE("an instance with tasks is deregistered by force only, which ends its session and its tasks") {
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
  CHECK(list({{"filter", "task:group == a"}}).empty());
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

TEST_CASE("a registration takes what the host's identity document says") {
  Bench bench;
  bench.cluster();
  Json identity{{"instanceId", "i-1"},
                {"imageId", "ami-1"},
                {"instanceType", "t3.small"},
                {"availabilityZone", "us-east-1c"}};
  Json instance = described(bench, bench.host("default", {{"instanceIdentityDocument", identity.dump()},
                                                          {"attributes", Json::array()}}));
  CHECK(instance["ec2InstanceId"] == "i-1");
  Json wanted = Json::array({{{"name", "ecs.ami-id"}, {"value", "ami-1"}},
                             {{"name", "ecs.instance-type"}, {"value", "t3.small"}},
                             {{"name", "ecs.availability-zone"}, {"value", "us-east-1c"}}});
  CHECK(instance["attributes"] == wanted);
  for (const char* document : {"", "{", "[]", "7", "{\"instanceId\": 7}"}) {
    CAPTURE(document);
    Json bare = described(bench, bench.host("default", {{"instanceIdentityDocument", document},
                                                        {"attributes", Json::array()}}));
    CHECK_FALSE(bare.contains("ec2InstanceId"));
    CHECK(bare["attributes"] == Json::array({{{"name", "ecs.availability-zone"}, {"value", "us-east-1a"}}}));
  }
}

TEST_CASE("a host that registers again keeps its tasks, and changes its attributes and versions") {
  Bench bench;
  std::string arn = bench.ready();
  std::string task = bench.runOne();
  int64_t version = described(bench, arn)["version"];
  bench.host("default", {{"containerInstanceArn", arn},
                         {"attributes", {{{"name", "rack"}, {"value", "8"}}}},
                         {"versionInfo", {{"agentVersion", "2.0"}}}});
  Json instance = described(bench, arn);
  CHECK(instance["version"] == version + 1);
  CHECK(instance["versionInfo"]["agentVersion"] == "2.0");
  CHECK(instance["versionInfo"]["dockerVersion"] == "20.10");
  CHECK(instance["agentConnected"] == true);
  CHECK(instance["pendingTasksCount"] == 1);
  CHECK(std::ranges::count(instance["attributes"], Json{{"name", "rack"}, {"value", "8"}}) == 1);
  bench.host("default",
             {{"containerInstanceArn", arn}, {"attributes", {{{"name", "rack"}, {"value", "9"}}}}});
  instance = described(bench, arn);
  CHECK(std::ranges::count(instance["attributes"], Json{{"name", "rack"}, {"value", "9"}}) == 1);
  CHECK(std::ranges::count(instance["attributes"], Json{{"name", "rack"}, {"value", "8"}}) == 0);
  CHECK(bench.task(task)["lastStatus"] == "PENDING");
}

TEST_CASE("a host can't register as an instance of another cluster, or of another account") {
  Bench bench;
  bench.cluster();
  bench.cluster("other");
  std::string arn = bench.host();
  const std::string end = " is not registered in this cluster: remove the agent's state to register anew.";
  CHECK(bench.refusal("RegisterContainerInstance", {{"cluster", "other"}, {"containerInstanceArn", arn}}) ==
        "ClientException: The container instance " + arn + end);
  std::string foreign = "arn:aws:ecs:us-east-1:111111111111:container-instance/default/x";
  CHECK(bench.refusal("RegisterContainerInstance", {{"containerInstanceArn", foreign}}) ==
        "ClientException: The container instance " + foreign + end);
}

TEST_CASE("one token in two clusters is two hosts") {
  Bench bench;
  bench.cluster();
  bench.cluster("other");
  CHECK(bench.host("default", {{"clientToken", "t"}}) != bench.host("other", {{"clientToken", "t"}}));
}

TEST_CASE("an instance without tasks, or whose tasks have all stopped, is deregistered without force") {
  Bench bench;
  std::string arn = bench.ready();
  std::string task = bench.runOne();
  bench.report(task, "STOPPED", bench.one("STOPPED", {{"exitCode", 3}}));
  Json before = bench.task(task);
  Json gone = bench.call("DeregisterContainerInstance", {{"containerInstance", arn}})["containerInstance"];
  CHECK(gone["status"] == "INACTIVE");
  CHECK(bench.last.mutations.size() == 1);
  Json after = bench.task(task);
  CHECK(after == before);
}

TEST_CASE("force keeps what a stop had said of a task") {
  Bench bench;
  std::string arn = bench.ready();
  std::string task = bench.runOne();
  bench.call("StopTask", {{"task", task}});
  double stopping = bench.task(task)["stoppingAt"];
  bench.call("DeregisterContainerInstance", {{"containerInstance", arn}, {"force", true}});
  Json ended = bench.task(task);
  CHECK(ended["stoppingAt"] == stopping);
  CHECK(ended["stopCode"] == "UserInitiated");
  CHECK(ended["stoppedAt"] > stopping);
  CHECK(bench.core.state().used(arn.substr(arn.rfind('/') + 1)) == Resources{});
}

TEST_CASE("an instance is deregistered in its own cluster only") {
  Bench bench;
  bench.cluster();
  bench.cluster("other");
  std::string arn = bench.host();
  const std::string id = arn.substr(arn.rfind('/') + 1);
  CHECK(bench.refusal("DeregisterContainerInstance", {{"cluster", "other"}, {"containerInstance", id}}) ==
        "InvalidParameterException: The referenced container instance was not found.");
}

TEST_CASE("an instance's tags are shown when they are asked for, and change when they are given again") {
  Bench bench;
  bench.cluster();
  Json tags = Json::array({{{"key", "rack"}, {"value", "7"}}});
  std::string arn = bench.host("default", {{"tags", tags}});
  CHECK(described(bench, arn)["tags"].empty());
  auto shown = [&] {
    return bench.call("DescribeContainerInstances", {{"containerInstances", {arn}},
                                                     {"include", {"TAGS"}}})["containerInstances"][0]["tags"];
  };
  CHECK(shown() == tags);
  bench.host("default", {{"containerInstanceArn", arn}});
  CHECK(shown() == tags);
  bench.host("default", {{"containerInstanceArn", arn}, {"tags", Json::array()}});
  CHECK(shown().empty());
}

TEST_CASE("an instance counts its tasks by what they do") {
  Bench bench;
  std::string arn = bench.ready();
  auto tasks = bench.run({{"taskDefinition", "app"}, {"count", 3}});
  bench.report(tasks[0], "RUNNING");
  bench.report(tasks[1], "STOPPED");
  Json instance = described(bench, arn);
  CHECK(instance["runningTasksCount"] == 1);
  CHECK(instance["pendingTasksCount"] == 1);
}

TEST_CASE("agents find their sessions without a cluster, and under the address that each used") {
  Bench bench;
  bench.caller.endpoint = "https://berth.example:7400";
  Json reply = bench.call("DiscoverPollEndpoint", {{"cluster", "none"}, {"containerInstance", "x"}});
  CHECK(reply["endpoint"] == "https://berth.example:7400/v1/acs");
  CHECK(reply["serviceConnectEndpoint"] == "https://berth.example:7400/v1/sc");
}

TEST_CASE("the token of an instance that was deregistered registers a new one") {
  Bench bench;
  bench.cluster();
  std::string gone = bench.host("default", {{"clientToken", "t"}});
  bench.call("DeregisterContainerInstance", {{"containerInstance", gone}});
  CHECK(bench.host("default", {{"clientToken", "t"}}) != gone);
}

TEST_CASE("a registration with resources that can't be is refused") {
  Bench bench;
  bench.cluster();
  auto with = [](Json resource) { return Json{{"totalResources", Json::array({std::move(resource)})}}; };
  for (const char* port : {"abc", "0", "65536", "80x", ""}) {
    CHECK(bench.refusal("RegisterContainerInstance",
                        with({{"name", "PORTS"}, {"type", "STRINGSET"}, {"stringSetValue", {port}}})) ==
          "InvalidParameterException: The resource PORTS has the port '" + std::string(port) +
              "': give ports between 1 and 65535.");
  }
  CHECK(bench.refusal("RegisterContainerInstance",
                      with({{"name", "MEMORY"}, {"type", "INTEGER"}, {"integerValue", -1}})) ==
        "InvalidParameterException: The resource MEMORY must not be negative.");
}

TEST_CASE("an instance is taken out of service and back into it, which its tasks don't notice") {
  Bench bench;
  const std::string arn = bench.ready();
  const std::string task = bench.runOne();
  const auto set = [&](const char* status) {
    return bench.call("UpdateContainerInstancesState", {{"containerInstances", {arn}}, {"status", status}});
  };
  const Json drained = set("DRAINING");
  CHECK(drained["failures"].empty());
  CHECK(drained["containerInstances"][0]["containerInstanceArn"] == arn);
  CHECK(drained["containerInstances"][0]["status"] == "DRAINING");
  CHECK(described(bench, arn)["status"] == "DRAINING");
  CHECK(bench.task(task)["desiredStatus"] == "RUNNING");
  CHECK(bench.call("RunTask", {{"taskDefinition", "app"}})["failures"][0]["reason"] == "INACTIVE");
  const auto version = described(bench, arn)["version"];
  set("DRAINING");
  CHECK(described(bench, arn)["version"] == version);
  CHECK(bench.host("default", {{"containerInstanceArn", arn}}) == arn);
  CHECK(described(bench, arn)["status"] == "DRAINING");
  CHECK(set("ACTIVE")["containerInstances"][0]["status"] == "ACTIVE");
  CHECK(bench.call("RunTask", {{"taskDefinition", "app"}})["failures"].empty());
}

TEST_CASE("of the instances to drain, those that are not there are told, in the request's order") {
  Bench bench;
  bench.cluster();
  const std::string gone = bench.host();
  const std::string here = bench.host();
  const std::string never(32, 'a');
  bench.call("DeregisterContainerInstance", {{"containerInstance", gone}});
  const Json reply = bench.call("UpdateContainerInstancesState",
                                {{"containerInstances", {never, gone, here}}, {"status", "DRAINING"}});
  const std::string prefix = "arn:aws:ecs:us-east-1:000000000000:container-instance/default/";
  CHECK(reply["failures"] == Json::array({{{"arn", prefix + never}, {"reason", "MISSING"}},
                                          {{"arn", gone}, {"reason", "INACTIVE"}}}));
  CHECK(reply["containerInstances"].size() == 1);
  CHECK(described(bench, here)["status"] == "DRAINING");
  CHECK(described(bench, gone)["status"] == "INACTIVE");
}

TEST_CASE("a status that can't be asked for, no instance, and too many are refused") {
  Bench bench;
  bench.cluster();
  const std::string arn = bench.host();
  const auto refusal = [&](Json instances, const char* status) {
    return bench.refusal("UpdateContainerInstancesState",
                         {{"containerInstances", std::move(instances)}, {"status", status}});
  };
  const char* wrong =
      "InvalidParameterException: Container instance status should be one of [ACTIVE, DRAINING]";
  CHECK(refusal({arn}, "REGISTERING") == wrong);
  CHECK(refusal({arn}, "AWAY") == wrong);
  CHECK(refusal(Json::array(), "ACTIVE") == "ClientException: Container Instances cannot be empty.");
  CHECK(refusal(std::vector<std::string>(11, arn), "ACTIVE") ==
        "InvalidParameterException: Container Instances can have at most 10 items.");
  CHECK(described(bench, arn)["status"] == "ACTIVE");
}
