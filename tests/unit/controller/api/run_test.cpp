#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;
using sample::container;

TEST_CASE("a task that is started is PENDING on its instance, and durable before anybody is told") {
  Bench bench;
  std::string host = bench.ready();
  Json reply = bench.call("RunTask", {{"taskDefinition", "app"}, {"startedBy", "me"}, {"group", "g"}});
  CHECK(reply["failures"].empty());
  Json task = reply["tasks"].at(0);
  CHECK_THAT(task["taskArn"].get<std::string>(),
             Catch::StartsWith("arn:aws:ecs:us-east-1:000000000000:task/default/"));
  CHECK(task["containerInstanceArn"] == host);
  CHECK(task["lastStatus"] == "PENDING");
  CHECK(task["desiredStatus"] == "RUNNING");
  CHECK(task["startedBy"] == "me");
  CHECK(task["group"] == "g");
  CHECK(task["cpu"] == "256");
  CHECK(task["memory"] == "128");
  CHECK(task["containers"][0]["lastStatus"] == "PENDING");
  CHECK(bench.last.mutations.size() == 1);
  CHECK(bench.sent<berth::acs::PayloadMessage>().size() == 1);
  CHECK(bench.task(task["taskArn"])["taskArn"] == task["taskArn"]);
}

TEST_CASE("copies are placed as long as there is room, and the rest says why there is none") {
  Bench bench;
  std::string host = bench.ready();
  Json reply = bench.call("RunTask", {{"taskDefinition", "app"}, {"count", 6}});
  CHECK(reply["tasks"].size() == 4);
  CHECK(reply["failures"] == Json::array({{{"arn", host},
                                           {"reason", "RESOURCE:CPU"},
                                           {"detail", "needs 256 CPU units, of 1024 it has 0 left"}}}));
  Json left =
      bench.call("DescribeContainerInstances", {{"containerInstances", {host}}})["containerInstances"][0];
  CHECK(left["remainingResources"][0]["integerValue"] == 0);
  CHECK(left["remainingResources"][1]["integerValue"] == 1000 - 4 * 128);
  CHECK(left["pendingTasksCount"] == 4);
}

TEST_CASE("memory, ports and an agent that is away are reasons too") {
  Bench bench;
  std::string host = bench.ready();
  bench.define("big", Json::array({container("app", {{"memory", 1001}})}));
  bench.define(
      "ssh",
      Json::array({container("app", {{"portMappings", {{{"containerPort", 22}, {"hostPort", 22}}}}})}));
  auto reason = [&](const char* family) {
    return bench.call("RunTask", {{"taskDefinition", family}})["failures"].at(0)["reason"];
  };
  CHECK(reason("big") == "RESOURCE:MEMORY");
  CHECK(reason("ssh") == "RESOURCE:PORTS");
  bench.core.disconnect(bench.session, bench.tick(), bench.last);
  CHECK(reason("app") == "AGENT");
}

TEST_CASE("what a task took is free again once it has stopped") {
  Bench bench;
  bench.ready();
  bench.define(
      "port",
      Json::array({container("app", {{"portMappings", {{{"containerPort", 80}, {"hostPort", 80}}}}})}));
  std::string first = bench.runOne({{"taskDefinition", "port"}});
  CHECK(bench.run({{"taskDefinition", "port"}}).empty());
  bench.report(first, "STOPPED");
  CHECK(bench.run({{"taskDefinition", "port"}}).size() == 1);
}

TEST_CASE("the number of copies, the definition and the cluster are checked") {
  Bench bench;
  bench.cluster();
  bench.define("app");
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}}) ==
        "InvalidParameterException: No Container Instances were found in your cluster.");
  bench.join(bench.host());
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}, {"count", 0}}) ==
        "InvalidParameterException: count should be greater than or equal to 1");
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}, {"count", 11}}) ==
        "InvalidParameterException: count should be less than or equal to 10");
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "none"}}) ==
        "ClientException: TaskDefinition not found.");
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}, {"cluster", "none"}}) ==
        "ClusterNotFoundException: Cluster not found.");
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "app:1"}});
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app:1"}}) ==
        "ClientException: TaskDefinition is inactive");
}

TEST_CASE("a client token starts its tasks once") {
  Bench bench;
  bench.ready();
  Json input{{"taskDefinition", "app"}, {"clientToken", "t"}};
  std::string first = bench.runOne(input);
  CHECK(bench.runOne(input) == first);
  CHECK(bench.last.mutations.empty());
  input["count"] = 2;
  CHECK(bench.refusal("RunTask", input) ==
        "ConflictException: The clientToken was used before with other parameters.");
  CHECK(bench.call("ListTasks")["taskArns"].size() == 1);
}

TEST_CASE("a token whose call placed nothing may be used again") {
  Bench bench;
  bench.ready();
  bench.core.disconnect(bench.session, bench.tick(), bench.last);
  Json input{{"taskDefinition", "app"}, {"clientToken", "t"}};
  CHECK(bench.run(input).empty());
  bench.join(bench.call("ListContainerInstances")["containerInstanceArns"][0]);
  CHECK(bench.run(input).size() == 1);
}

TEST_CASE("overrides change this run's containers alone, and name ones that are there") {
  Bench bench;
  bench.ready();
  auto with = [](Json override) {
    return Json{{"taskDefinition", "app"}, {"overrides", {{"containerOverrides", {std::move(override)}}}}};
  };
  bench.call("RunTask", with({{"name", "app"},
                              {"command", {"ls"}},
                              {"memory", 64},
                              {"environment", {{{"name", "A"}, {"value", "1"}}}}}));
  auto payloads = bench.sent<berth::acs::PayloadMessage>();
  REQUIRE(payloads.size() == 1);
  const berth::acs::Container& sent = payloads[0].tasks.at(0).containers.at(0);
  CHECK(sent.command == std::vector<std::string>{"ls"});
  CHECK(sent.memory == 64);
  CHECK(sent.environment.at("A") == "1");
  CHECK(bench.refusal("RunTask", with({{"name", "other"}})) ==
        "InvalidParameterException: Override for container named other is not a container in the "
        "TaskDefinition.");
}

TEST_CASE("StartTask takes the instance that it is told, twice if it is told twice") {
  Bench bench;
  std::string host = bench.ready();
  std::string other = bench.host();
  bench.join(other);
  Json reply =
      bench.call("StartTask", {{"taskDefinition", "app"}, {"containerInstances", {other, other, "none"}}});
  REQUIRE(reply["tasks"].size() == 2);
  CHECK(reply["tasks"][0]["containerInstanceArn"] == other);
  CHECK(reply["tasks"][1]["containerInstanceArn"] == other);
  CHECK(reply["failures"] == Json::array({{{"arn", "none"}, {"reason", "MISSING"}}}));
  CHECK(bench.refusal("StartTask", {{"taskDefinition", "app"}, {"containerInstances", Json::array()}}) ==
        "ClientException: Container Instances cannot be empty.");
}

TEST_CASE("copies of one StartTask count against each other") {
  Bench bench;
  std::string host = bench.ready();
  Json six = Json::array();
  for (int i = 0; i < 6; ++i) six.push_back(host);
  Json reply = bench.call("StartTask", {{"taskDefinition", "app"}, {"containerInstances", six}});
  CHECK(reply["tasks"].size() == 4);
  CHECK(reply["failures"].size() == 2);
}

TEST_CASE("tasks are listed by family, starter, instance and wanted status") {
  Bench bench;
  std::string host = bench.ready();
  bench.define("job");
  std::string app = bench.runOne({{"taskDefinition", "app"}, {"startedBy", "me"}});
  std::string job = bench.runOne({{"taskDefinition", "job"}});
  auto list = [&](Json input) { return bench.call("ListTasks", std::move(input))["taskArns"]; };
  CHECK(list(Json::object()).size() == 2);
  CHECK(list({{"family", "job"}}) == Json::array({job}));
  CHECK(list({{"startedBy", "me"}}) == Json::array({app}));
  CHECK(list({{"containerInstance", host}}).size() == 2);
  CHECK(list({{"launchType", "EXTERNAL"}}).empty());
  bench.call("StopTask", {{"task", job}});
  CHECK(list(Json::object()) == Json::array({app}));
  CHECK(list({{"desiredStatus", "STOPPED"}}) == Json::array({job}));
  CHECK(bench.refusal("ListTasks", {{"startedBy", "me"}, {"family", "app"}}) ==
        "InvalidParameterException: startedBy can't be combined with another filter.");
}

TEST_CASE("tasks that are not there are failures of a description") {
  Bench bench;
  bench.ready();
  std::string id(32, 'a');
  Json reply = bench.call("DescribeTasks", {{"tasks", {id}}});
  CHECK(reply["tasks"].empty());
  CHECK(reply["failures"][0] ==
        Json{{"arn", "arn:aws:ecs:us-east-1:000000000000:task/default/" + id}, {"reason", "MISSING"}});
  CHECK(bench.refusal("DescribeTasks", {{"tasks", Json::array()}}) ==
        "InvalidParameterException: Tasks cannot be empty.");
}

TEST_CASE("a task is known in its own cluster only") {
  Bench bench;
  bench.ready();
  bench.cluster("other");
  std::string task = bench.runOne();
  const std::string id = task.substr(task.rfind('/') + 1);
  CHECK(bench.call("DescribeTasks", {{"cluster", "other"}, {"tasks", {id}}})["failures"].size() == 1);
}

TEST_CASE("a list of tasks refuses filters that it can't have") {
  Bench bench;
  std::string host = bench.ready();
  bench.runOne();
  CHECK(bench.refusal("ListTasks", {{"serviceName", "web"}}) ==
        "ServiceNotFoundException: Service not found.");
  CHECK(bench.refusal("ListTasks", {{"daemonName", "d"}}) ==
        "UnsupportedFeatureException: Daemons are not offered by Berth: leave daemonName out.");
  CHECK(bench.refusal("ListTasks", {{"containerInstance", "none"}}) ==
        "InvalidParameterException: The referenced container instance was not found: none");
  CHECK(bench.refusal("ListTasks", {{"startedBy", "me"}, {"containerInstance", host}}) ==
        "InvalidParameterException: startedBy can't be combined with another filter.");
  CHECK(bench.call("ListTasks", {{"desiredStatus", "PENDING"}})["taskArns"].empty());
}

TEST_CASE("a list has the tasks of its own cluster") {
  Bench bench;
  bench.ready();
  bench.cluster("other");
  bench.join(bench.host("other"), "other");
  std::string here = bench.runOne();
  std::string there = bench.runOne({{"taskDefinition", "app"}, {"cluster", "other"}});
  CHECK(bench.call("ListTasks")["taskArns"] == Json::array({here}));
  CHECK(bench.call("ListTasks", {{"cluster", "other"}})["taskArns"] == Json::array({there}));
}

TEST_CASE("filters of a list narrow it together") {
  Bench bench;
  bench.ready();
  bench.define("job");
  std::string host = bench.host();
  bench.join(host);
  auto start = [&](const char* family) {
    Json input{{"taskDefinition", family}, {"containerInstances", {host}}};
    return bench.call("StartTask", input)["tasks"][0]["taskArn"];
  };
  Json job = start("job");
  start("app");
  bench.runOne({{"taskDefinition", "job"}, {"launchType", "EXTERNAL"}});
  Json input{{"family", "job"}, {"containerInstance", host}, {"launchType", "EC2"}};
  CHECK(bench.call("ListTasks", input)["taskArns"] == Json::array({job}));
}

TEST_CASE("overridden sizes keep the rules of sizes") {
  Bench bench;
  bench.ready();
  auto refused = [&](Json overrides) {
    return bench.refusal("RunTask", {{"taskDefinition", "app"}, {"overrides", std::move(overrides)}});
  };
  auto container_with = [](Json more) {
    more["name"] = "app";
    return Json{{"containerOverrides", Json::array({more})}};
  };
  CHECK(refused(container_with({{"cpu", -2000}})) ==
        "InvalidParameterException: Invalid setting for container 'app'. The 'cpu' must not be negative.");
  CHECK(
      refused(container_with({{"memory", 1}})) ==
      "InvalidParameterException: Invalid setting for container 'app'. The 'memory' must be at least 6 MiB.");
  CHECK(refused({{"cpu", "much"}}) == "InvalidParameterException: Invalid 'cpu' setting for task.");
  CHECK(refused({{"memory", "-3"}}) == "InvalidParameterException: Invalid 'memory' setting for task.");
}

TEST_CASE("a call that is repeated by its token is answered even when its definition is gone") {
  Bench bench;
  bench.ready();
  Json input{{"taskDefinition", "app"}, {"clientToken", "t"}};
  std::string task = bench.runOne(input);
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "app:1"}});
  CHECK(bench.runOne(input) == task);
}

TEST_CASE("the modes of process and IPC namespaces reach Docker") {
  Bench bench;
  bench.ready();
  bench.define("shared", Json::array({container()}), {{"pidMode", "host"}, {"ipcMode", "host"}});
  bench.runOne({{"taskDefinition", "shared"}});
  Json config = Json::parse(
      bench.sent<berth::acs::PayloadMessage>().at(0).tasks.at(0).containers.at(0).dockerConfig.hostConfig);
  CHECK(config["PidMode"] == "host");
  CHECK(config["IpcMode"] == "host");
}
