#include <catch2/catch.hpp>

#include "controller/callers/authorize.hpp"
#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller {
namespace {

using sample::Bench;

const std::string kMine = "arn:aws:iam::000000000000:user/host-1";

/// Two hosts with a task each; the first is that of the caller that asks.
struct AskedByAgent {
  Bench bench;
  std::string mine;
  std::string other;
  std::string myTask;
  std::string otherTask;

  AskedByAgent() {
    bench.cluster();
    bench.define("app");
    bench.caller.principal = kMine;
    mine = bench.host("default", {{"clientToken", "first"}});
    bench.caller.principal = "arn:aws:iam::000000000000:user/host-2";
    other = bench.host();
    myTask = start(mine);
    otherTask = start(other);
  }
  std::string start(const std::string& host) {
    bench.join(host);
    return bench.call("StartTask", {{"taskDefinition", "app"}, {"containerInstances", {host}}})["tasks"].at(
        0)["taskArn"];
  }
  /// "ok", or why not.
  std::string ask(const std::string& operation, const Json& input = Json::object(),
                  const std::string& principal = kMine) const {
    const KnownCaller caller{principal, Rights::Agent, {}};
    const CallFacts call{operation, input, "", false};
    const auto needs = needsOf(operation, input, bench.names, bench.core.state());
    const auto error = authorize(caller, call, needs, bench.names, bench.core.state());
    if (!error) return "ok";
    CHECK(error->type == "AccessDeniedException");
    CHECK_THAT(error->message,
               Catch::StartsWith("User: " + principal + " is not authorized to perform: ecs:" + operation +
                                 " on resource: "));
    return error->message.substr(error->message.find("because ") + 8);
  }
};

const std::string kOthers =
    "the role agent allows it only for the container instance that this caller registered, and its tasks";

TEST_CASE("an agent's key may do what agents do, for its own instance") {
  AskedByAgent asked;
  CHECK(asked.ask("DiscoverPollEndpoint") == "ok");
  CHECK(asked.ask("DiscoverPollEndpoint", {{"containerInstance", asked.mine}}) == "ok");
  for (const char* operation : {"Poll", "StartTelemetrySession", "DeregisterContainerInstance"}) {
    CHECK(asked.ask(operation, {{"containerInstance", asked.mine}}) == "ok");
    CHECK(asked.ask(operation, {{"containerInstance", asked.other}}) == kOthers);
  }
  CHECK(asked.ask("UpdateContainerInstancesState", {{"containerInstances", {asked.mine}}}) == "ok");
  CHECK(asked.ask("UpdateContainerInstancesState", {{"containerInstances", {asked.mine, asked.other}}}) ==
        kOthers);
  CHECK(asked.ask("DiscoverPollEndpoint", {{"containerInstance", asked.other}}) == kOthers);
}

TEST_CASE("an agent's key reports on tasks of its own instance only, however they are named") {
  AskedByAgent asked;
  const std::string id = asked.otherTask.substr(asked.otherTask.rfind('/') + 1);
  for (const char* operation : {"SubmitTaskStateChange", "SubmitContainerStateChange"}) {
    CHECK(asked.ask(operation, {{"task", asked.myTask}}) == "ok");
    CHECK(asked.ask(operation, {{"task", asked.otherTask}}) == kOthers);
    CHECK(asked.ask(operation, {{"task", id}}) == kOthers);
    // The action answers that it does not know it, in the words that agents stop repeating at.
    CHECK(asked.ask(operation, {{"task", "unknown"}}) == "ok");
  }
  CHECK(asked.ask("SubmitAttachmentStateChanges", {{"attachments", Json::array()}}) == "ok");
}

TEST_CASE("an agent's key lists tags of its own instance and tasks only") {
  AskedByAgent asked;
  CHECK(asked.ask("ListTagsForResource", {{"resourceArn", asked.mine}}) == "ok");
  CHECK(asked.ask("ListTagsForResource", {{"resourceArn", asked.myTask}}) == "ok");
  CHECK(asked.ask("ListTagsForResource", {{"resourceArn", asked.other}}) == kOthers);
  CHECK(asked.ask("ListTagsForResource", {{"resourceArn", asked.otherTask}}) == kOthers);
  CHECK(asked.ask("ListTagsForResource",
                  {{"resourceArn", "arn:aws:ecs:us-east-1:000000000000:cluster/default"}}) == kOthers);
}

TEST_CASE("a task that waits for a place is no agent's") {
  AskedByAgent asked;
  const Json tag{{"key", "berth:wait"}, {"value", "10m"}};
  const Json reply =
      asked.bench.call("RunTask", {{"taskDefinition", "app"}, {"count", 10}, {"tags", Json::array({tag})}});
  const Json& last = reply["tasks"].back();
  REQUIRE(last["lastStatus"] == "PROVISIONING");
  CHECK(asked.ask("SubmitTaskStateChange", {{"task", last["taskArn"]}}) == kOthers);
  CHECK(asked.ask("ListTagsForResource", {{"resourceArn", last["taskArn"]}}) == kOthers);
}

TEST_CASE("an agent's key may do nothing else") {
  AskedByAgent asked;
  for (const auto& [operation, declared] : ecs::model().operations()) {
    if (operation.starts_with("Submit") || operation == "CreateCluster" ||
        operation == "DiscoverPollEndpoint" || operation == "RegisterContainerInstance" ||
        operation == "DeregisterContainerInstance" || operation == "UpdateContainerInstancesState" ||
        operation == "ListTagsForResource")
      continue;
    CHECK(asked.ask(operation) == "the role agent does not allow the ecs:" + operation + " action");
  }
}

TEST_CASE("an agent's key may create the cluster default and no other") {
  AskedByAgent asked;
  CHECK(asked.ask("CreateCluster") == "ok");
  CHECK(asked.ask("CreateCluster", {{"clusterName", "default"}}) == "ok");
  CHECK(asked.ask("CreateCluster", {{"clusterName", "prod"}}) ==
        "the role agent allows it for the cluster default only");
}

TEST_CASE("an agent's key is bound to the instance that it registered, until that is INACTIVE") {
  AskedByAgent asked;
  CHECK(asked.ask("RegisterContainerInstance", Json::object(), "arn:aws:iam::000000000000:user/new") == "ok");
  CHECK(asked.ask("RegisterContainerInstance", {{"containerInstanceArn", asked.mine}}) == "ok");
  CHECK(asked.ask("RegisterContainerInstance", {{"clientToken", "first"}}) == "ok");
  CHECK(asked.ask("RegisterContainerInstance", {{"containerInstanceArn", asked.other}}) == kOthers);
  const std::string second =
      "the role agent allows one container instance, which is " + asked.mine + ": deregister that first";
  CHECK(asked.ask("RegisterContainerInstance") == second);
  CHECK(asked.ask("RegisterContainerInstance", {{"clientToken", "second"}}) == second);
  CHECK(asked.ask("RegisterContainerInstance", {{"clientToken", "first"}, {"cluster", "prod"}}) == second);
  asked.bench.call("DeregisterContainerInstance", {{"containerInstance", asked.mine}, {"force", true}});
  CHECK(asked.ask("RegisterContainerInstance") == "ok");
  // What it still has to report on is its own, too.
  CHECK(asked.ask("SubmitTaskStateChange", {{"task", asked.myTask}}) == "ok");
}

TEST_CASE("who registers again keeps the instance its first caller's") {
  AskedByAgent asked;
  asked.bench.caller.principal = "arn:aws:iam::000000000000:root";
  asked.bench.host("default", {{"containerInstanceArn", asked.mine}});
  CHECK(asked.ask("Poll", {{"containerInstance", asked.mine}}) == "ok");
}

}  // namespace
}  // namespace berth::controller
