#include "cli/commands/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands/watch.hpp"

using namespace berth;
using namespace berth::cli;
using nlohmann::json;

TEST_CASE("what an answer lacks, or has of another type, reads as nothing") {
  const json value{{"text", 1}, {"number", "x"}, {"list", 1}, {"time", "x"}};
  CHECK(textAt(value, "text").empty());
  CHECK(textAt(json::array(), "text").empty());
  CHECK(numberAt(value, "number") == 0);
  CHECK(listAt(value, "list").empty());
  CHECK_FALSE(timeAt(value, "time").has_value());
  CHECK(sinceAt(value, "time", fromEpochMillis(0)).empty());
  CHECK(taskPorts(json()).empty());
}

TEST_CASE("a task is called after its service, else its definition") {
  CHECK(taskName({{"group", "service:web"}, {"taskDefinitionArn", "arn:aws:ecs:r:1:task-definition/a:3"}}) ==
        "web");
  CHECK(taskName({{"group", "family:a"}, {"taskDefinitionArn", "arn:aws:ecs:r:1:task-definition/a:3"}}) ==
        "a:3");
}

TEST_CASE("a running task that is to stop is stopping") {
  CHECK(taskStatus({{"lastStatus", "RUNNING"}, {"desiredStatus", "STOPPED"}}) == "STOPPING");
  CHECK(taskStatus({{"lastStatus", "STOPPED"}, {"desiredStatus", "STOPPED"}}) == "STOPPED");
  CHECK(taskStatus({{"lastStatus", "PENDING"}, {"desiredStatus", "RUNNING"}}) == "PENDING");
}

TEST_CASE("ports are told once, udp and ranges as such") {
  const json bindings{
      {{"hostPort", 32768}, {"containerPort", 80}, {"protocol", "tcp"}, {"bindIP", "0.0.0.0"}},
      {{"hostPort", 32768}, {"containerPort", 80}, {"protocol", "tcp"}, {"bindIP", "::"}},
      {{"hostPort", 53}, {"containerPort", 53}, {"protocol", "udp"}},
      {{"hostPortRange", "40000-40010"}, {"containerPortRange", "1-11"}, {"protocol", "tcp"}}};
  CHECK(taskPorts({{"containers", {{{"networkBindings", bindings}}}}}) ==
        "32768->80, 53->53/udp, 40000-40010->1-11");
}

TEST_CASE("the end of a task names the container that failed") {
  const json failed{
      {"stoppedReason", "Essential container in task exited"},
      {"containers", {{{"name", "side"}, {"exitCode", 0}}, {{"name", "app"}, {"exitCode", 3}}}}};
  CHECK(stopReason(failed) == "app exit 3; Essential container in task exited");
  const json pulled{{"containers", {{{"name", "app"}, {"reason", "CannotPullContainerError: no"}}}}};
  CHECK(stopReason(pulled) == "app: CannotPullContainerError: no");
  CHECK(stopReason({{"stoppedReason", "enough"}}) == "enough");
}

TEST_CASE("a node is called by EC2's id, else its attributes") {
  const json attributes{{{"name", "name"}, {"value", "rack"}}, {{"name", "berth.name"}, {"value", "own"}}};
  CHECK(nodeName({{"ec2InstanceId", "i-1"}, {"attributes", attributes}}) == "i-1");
  CHECK(nodeName({{"attributes", attributes}}) == "own");
  CHECK(nodeName(json::object()).empty());
}

TEST_CASE("a deployment is one line, which fits the terminal") {
  const json deployment{
      {"status", "PRIMARY"},     {"taskDefinition", "arn:aws:ecs:r:1:task-definition/web:3"},
      {"desiredCount", 3},       {"runningCount", 2},
      {"pendingCount", 1},       {"failedTasks", 0},
      {"rolloutState", "FAILED"}};
  CHECK(describeDeployment(deployment, {}) ==
        "PRIMARY FAILED web:3 desired 3, running 2, pending 1, failed 0");
  Terminal terminal;
  terminal.width = 24;
  terminal.colours = true;
  CHECK(describeDeployment(deployment, terminal) == "PRIMARY \033[31mFAILED\033[0m web:3 de…");
}

TEST_CASE("the primary deployment and a service's events are found") {
  const json service{
      {"deployments", {{{"id", "a"}, {"status", "ACTIVE"}}, {{"id", "b"}, {"status", "PRIMARY"}}}},
      {"events", {{{"id", "1"}}, {{"id", "2"}}}}};
  CHECK(primaryOf(service) == "b");
  CHECK(primaryOf(json::object()).empty());
  CHECK(eventsOf(service) == std::set<std::string>{"1", "2"});
}
