// What RunTask and StartTask share, and where placement puts tasks.
#include <algorithm>

#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;
using sample::container;

namespace {

/// Two connected hosts, by id.
std::vector<std::string> twoHosts(Bench& bench) {
  bench.ready();
  bench.join(bench.host());
  std::vector<std::string> hosts;
  Json listed = bench.call("ListContainerInstances");
  for (const Json& arn : listed["containerInstanceArns"]) hosts.push_back(arn);
  return hosts;
}

std::vector<std::string> places(const Json& reply) {
  std::vector<std::string> out;
  for (const Json& task : reply["tasks"]) out.push_back(task["containerInstanceArn"]);
  return out;
}

std::vector<std::string> sorted(std::vector<std::string> values) {
  std::ranges::sort(values);
  return values;
}

/// The failures without their details.
Json reasons(const Json& reply) {
  Json out = reply["failures"];
  for (Json& one : out) one.erase("detail");
  return out;
}

}  // namespace

TEST_CASE("copies fill the instances, and each instance says why it takes no more") {
  Bench bench;
  auto hosts = twoHosts(bench);
  Json reply = bench.call("RunTask", {{"taskDefinition", "app"}, {"count", 10}});
  CHECK(sorted(places(reply)) == std::vector<std::string>{hosts[0], hosts[0], hosts[0], hosts[0], hosts[1],
                                                          hosts[1], hosts[1], hosts[1]});
  const std::string detail =
      "needs 256 CPU units, of 1024 it has 0 left; of 2 instances in all, 2 x RESOURCE:CPU";
  CHECK(reply["failures"] ==
        Json::array({{{"arn", hosts[0]}, {"reason", "RESOURCE:CPU"}, {"detail", detail}},
                     {{"arn", hosts[1]}, {"reason", "RESOURCE:CPU"}, {"detail", detail}}}));
  CHECK(bench.sent<berth::acs::PayloadMessage>().size() == 2);
}

TEST_CASE("an instance of another cluster, or one that is deregistered, is no candidate") {
  Bench bench;
  auto hosts = twoHosts(bench);
  bench.call("DeregisterContainerInstance", {{"containerInstance", hosts[0]}});
  bench.cluster("other");
  bench.join(bench.host("other"), "other");
  CHECK(places(bench.call("RunTask", {{"taskDefinition", "app"}})) == std::vector{hosts[1]});
  bench.call("DeregisterContainerInstance", {{"containerInstance", hosts[1]}, {"force", true}});
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}}) ==
        "InvalidParameterException: No Container Instances were found in your cluster.");
}

TEST_CASE("an instance that drains takes no task") {
  Bench bench;
  std::string host = bench.ready();
  bench.call("UpdateContainerInstancesState", {{"containerInstances", {host}}, {"status", "DRAINING"}});
  Json failures = Json::array({{{"arn", host}, {"reason", "INACTIVE"}}});
  CHECK(reasons(bench.call("RunTask", {{"taskDefinition", "app"}})) == failures);
  CHECK(reasons(bench.call("StartTask", {{"taskDefinition", "app"}, {"containerInstances", {host}}})) ==
        failures);
  CHECK(bench.call("ListContainerInstances", {{"status", "DRAINING"}})["containerInstanceArns"].size() == 1);
}

TEST_CASE("StartTask says of each instance why it can't take the task") {
  Bench bench;
  auto hosts = twoHosts(bench);
  bench.cluster("other");
  std::string foreign = bench.host("other");
  foreign = foreign.substr(foreign.rfind('/') + 1);
  std::string away = bench.host();
  bench.call("StartTask",
             {{"taskDefinition", "app"}, {"containerInstances", {hosts[0], hosts[0], hosts[0], hosts[0]}}});
  Json reply = bench.call(
      "StartTask", {{"taskDefinition", "app"}, {"containerInstances", {hosts[0], away, foreign, hosts[1]}}});
  CHECK(places(reply) == std::vector{hosts[1]});
  CHECK(reasons(reply) == Json::array({{{"arn", hosts[0]}, {"reason", "RESOURCE:CPU"}},
                                       {{"arn", away}, {"reason", "AGENT"}},
                                       {{"arn", foreign}, {"reason", "MISSING"}}}));
}

TEST_CASE("a fixed port is taken once an instance, in one call as in several") {
  Bench bench;
  auto hosts = twoHosts(bench);
  bench.define(
      "dns",
      Json::array({container(
          "app", {{"portMappings", {{{"containerPort", 53}, {"hostPort", 5353}, {"protocol", "udp"}}}}})}));
  Json reply = bench.call("RunTask", {{"taskDefinition", "dns"}, {"count", 3}});
  CHECK(sorted(places(reply)) == hosts);
  CHECK(reply["failures"][0]["reason"] == "RESOURCE:PORTS");
  Json left = bench.call("DescribeContainerInstances", {{"containerInstances", hosts}})["containerInstances"];
  CHECK(left[0]["remainingResources"][3]["stringSetValue"] == Json({"53", "5353"}));
  CHECK(left[0]["remainingResources"][2]["stringSetValue"] == Json({"22"}));
}

TEST_CASE("a task's own size is what it takes") {
  Bench bench;
  std::string host = bench.ready();
  bench.define("sized", Json::array({container()}), {{"cpu", "1024"}, {"memory", "1000"}});
  Json task = bench.call("RunTask", {{"taskDefinition", "sized"}})["tasks"][0];
  CHECK(task["cpu"] == "1024");
  CHECK(task["memory"] == "1000");
  CHECK(bench.call("RunTask", {{"taskDefinition", "app"}})["failures"][0]["reason"] == "RESOURCE:CPU");
}

TEST_CASE("what is left out of a request has the service's defaults") {
  Bench bench;
  bench.ready();
  Json task = bench.call("RunTask", {{"taskDefinition", "app"}})["tasks"][0];
  CHECK(task["group"] == "family:app");
  CHECK(task["launchType"] == "EC2");
  CHECK(task["availabilityZone"] == "us-east-1a");
  CHECK(task["connectivity"] == "CONNECTED");
  CHECK(task["version"] == 1);
  CHECK(task["createdAt"] == 1790000000.0 + static_cast<double>(bench.second));
  CHECK(task["overrides"]["containerOverrides"] == Json::array({{{"name", "app"}}}));
  CHECK_FALSE(task.contains("startedBy"));
  CHECK_FALSE(task.contains("startedAt"));
  CHECK_FALSE(task.contains("stopCode"));
}

TEST_CASE("a family runs its newest active revision, an ARN the one that it names") {
  Bench bench;
  bench.ready();
  std::string second = bench.define("app");
  std::string third = bench.define("app");
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", third}});
  auto runs = [&](const std::string& reference) {
    return bench.task(bench.runOne({{"taskDefinition", reference}}))["taskDefinitionArn"];
  };
  CHECK(runs("app") == second);
  CHECK(runs("app:2") == second);
  CHECK(runs(second) == second);
  CHECK(bench.refusal("RunTask", {{"taskDefinition", third}}) ==
        "ClientException: TaskDefinition is inactive");
  CHECK(bench.refusal("StartTask", {{"taskDefinition", "app:9"}, {"containerInstances", {"x"}}}) ==
        "ClientException: TaskDefinition not found.");
}

TEST_CASE("a task has its definition's tags when they are to propagate, else its own") {
  Bench bench;
  bench.ready();
  Json tags = Json::array({{{"key", "of"}, {"value", "definition"}}});
  bench.define("tagged", Json::array({container()}), {{"tags", tags}});
  auto tagsOf = [&](Json more) {
    more["taskDefinition"] = "tagged";
    std::string arn = bench.runOne(more);
    CHECK(bench.task(arn)["tags"].empty());
    return bench.call("DescribeTasks", {{"tasks", {arn}}, {"include", {"TAGS"}}})["tasks"][0]["tags"];
  };
  CHECK(tagsOf({{"propagateTags", "TASK_DEFINITION"}}) == tags);
  CHECK(tagsOf(Json::object()).empty());
  Json own = Json::array({{{"key", "own"}, {"value", ""}}});
  CHECK(tagsOf({{"tags", own}}) == own);
}

TEST_CASE("volumes that are configured at launch are refused by name") {
  Bench bench;
  bench.ready();
  CHECK(bench.refusal("StartTask", {{"taskDefinition", "app"},
                                    {"containerInstances", {"x"}},
                                    {"volumeConfigurations", {{{"name", "v"}}}}}) ==
        "UnsupportedFeatureException: volumeConfigurations is not offered by this version of Berth: leave it "
        "out.");
}

TEST_CASE("a platform version is Fargate's alone") {
  Bench bench;
  bench.ready();
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}, {"platformVersion", "1.4.0"}}) ==
        "InvalidParameterException: The platform version must be null when specifying an EC2 launch type.");
}

TEST_CASE("a launch type and a strategy exclude each other") {
  Bench bench;
  bench.ready();
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"},
                                  {"launchType", "EC2"},
                                  {"capacityProviderStrategy", {{{"capacityProvider", "c"}}}}}) ==
        "InvalidParameterException: Specify either launchType or capacityProviderStrategy, not both.");
  CHECK(bench.task(bench.runOne({{"taskDefinition", "app"}, {"launchType", "EXTERNAL"}}))["launchType"] ==
        "EXTERNAL");
}

TEST_CASE("overrides have their greatest length") {
  Bench bench;
  bench.ready();
  Json overrides{{"containerOverrides", {{{"name", "app"}, {"command", {std::string(8192, 'x')}}}}}};
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}, {"overrides", overrides}}) ==
        "InvalidParameterException: Overrides exceed 8192 characters.");
}

TEST_CASE("overrides of sizes count for placement and are shown") {
  Bench bench;
  std::string host = bench.ready();
  auto with = [](Json override) {
    return Json{{"taskDefinition", "app"}, {"overrides", std::move(override)}};
  };
  Json small{{"containerOverrides", {{{"name", "app"}, {"cpu", 10}, {"memory", 20}}}}};
  Json task = bench.call("RunTask", with(small))["tasks"][0];
  CHECK(task["cpu"] == "10");
  CHECK(task["memory"] == "20");
  CHECK(task["containers"][0]["cpu"] == "10");
  CHECK(task["overrides"]["containerOverrides"] == small["containerOverrides"]);
  CHECK(bench.call("RunTask", with({{"cpu", "2048"}}))["failures"][0]["reason"] == "RESOURCE:CPU");
  CHECK(bench.call("RunTask", with({{"memory", "2 GB"}}))["failures"][0]["reason"] == "RESOURCE:MEMORY");
}

TEST_CASE("a client token belongs to its cluster, and a conflict names the tasks that it started") {
  Bench bench;
  bench.ready();
  bench.cluster("other");
  bench.join(bench.host("other"), "other");
  Json input{{"taskDefinition", "app"}, {"clientToken", "t"}};
  std::string first = bench.runOne(input);
  input["cluster"] = "other";
  CHECK(bench.runOne(input) != first);
  input.erase("cluster");
  input["group"] = "else";
  auto result = bench.answer("RunTask", input);
  const auto* conflict = std::get_if<ApiError>(&result);
  REQUIRE(conflict);
  CHECK(conflict->type == "ConflictException");
  CHECK(Json::parse(conflict->extra) == Json{{"resourceIds", {first}}});
}

TEST_CASE("a repeated call answers its tasks as they are by then") {
  Bench bench;
  bench.ready();
  Json input{{"taskDefinition", "app"}, {"clientToken", "t"}, {"count", 2}};
  auto started = bench.run(input);
  bench.report(started[0], "RUNNING");
  Json again = bench.call("RunTask", input);
  REQUIRE(again["tasks"].size() == 2);
  CHECK(again["tasks"][0]["lastStatus"] == "RUNNING");
  CHECK(again["failures"].empty());
  CHECK(bench.last.effects.empty());
}

TEST_CASE("tags of the call stand beside those of the definition, and before them") {
  Bench bench;
  bench.ready();
  bench.define("tagged", Json::array({container()}),
               {{"tags", {{{"key", "a"}, {"value", "def"}}, {{"key", "b"}, {"value", "def"}}}}});
  std::string arn = bench.runOne({{"taskDefinition", "tagged"},
                                  {"propagateTags", "TASK_DEFINITION"},
                                  {"tags", {{{"key", "b"}, {"value", "call"}}}}});
  Json tags = bench.call("DescribeTasks", {{"tasks", {arn}}, {"include", {"TAGS"}}})["tasks"][0]["tags"];
  CHECK(tags == Json::array({{{"key", "b"}, {"value", "call"}}, {{"key", "a"}, {"value", "def"}}}));
}

TEST_CASE("names that a call gives have their lengths and characters") {
  Bench bench;
  bench.ready();
  auto refused = [&](const char* member, const std::string& value) {
    return bench.refusal("RunTask", {{"taskDefinition", "app"}, {member, value}});
  };
  CHECK(
      refused("clientToken", std::string(65, 't')) ==
      "InvalidParameterException: clientToken must have up to 64 printable ASCII characters without spaces.");
  CHECK_THAT(refused("clientToken", "a b"), Catch::Contains("clientToken must have"));
  CHECK(refused("startedBy", std::string(129, 's')) ==
        "InvalidParameterException: startedBy must have up to 128 letters, digits, '-', '_' and '/'.");
  CHECK_THAT(refused("startedBy", "me!"), Catch::Contains("startedBy must have"));
  CHECK(refused("group", std::string(256, 'g')) ==
        "InvalidParameterException: group must have up to 255 characters.");
  CHECK(refused("propagateTags", "SERVICE") ==
        "InvalidParameterException: propagateTags SERVICE is for services: use TASK_DEFINITION.");
  bench.runOne({{"taskDefinition", "app"},
                {"clientToken", std::string(64, 't')},
                {"startedBy", "ecs-svc/a_1"},
                {"group", std::string(255, 'g')}});
}

TEST_CASE("launches of a definition are alike, and overrides are one call's alone") {
  Bench bench;
  bench.ready();
  const Json larger{{"containerOverrides", {{{"name", "app"}, {"cpu", 300}, {"memory", 64}}}}};
  const auto sizeOf = [&](const Json& more) {
    Json input{{"taskDefinition", "app"}};
    input.update(more);
    const Json task = bench.call("RunTask", input)["tasks"].at(0);
    return std::pair(task["containers"][0]["cpu"].get<std::string>(), task["cpu"].get<std::string>());
  };
  CHECK(sizeOf(Json::object()) == std::pair<std::string, std::string>("256", "256"));
  CHECK(sizeOf({{"overrides", larger}}) == std::pair<std::string, std::string>("300", "300"));
  CHECK(sizeOf(Json::object()) == std::pair<std::string, std::string>("256", "256"));
  bench.define("app", Json::array({container("app", {{"cpu", 100}})}));
  CHECK(sizeOf(Json::object()) == std::pair<std::string, std::string>("100", "100"));
}
