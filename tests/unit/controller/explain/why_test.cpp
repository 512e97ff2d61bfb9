#include "controller/explain/why.hpp"

#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller {
namespace {

using sample::Bench;

const AgentFacts kThere{true, WallTime(std::chrono::seconds(1'790'000'000)), std::nullopt};
const AgentFacts kAway{false, std::nullopt, WallTime(std::chrono::seconds(1'790'000'000))};

Json whyTaskOf(Bench& bench, const std::string& arn, const AgentFacts& agent, Handover handover) {
  const State& state = bench.core.state();
  return whyTask(state, bench.names, *state.task(arn.substr(arn.rfind('/') + 1)), agent, handover);
}

Json whyHostOf(Bench& bench, const std::string& arn, const AgentFacts& agent) {
  const State& state = bench.core.state();
  return whyInstance(state, bench.names, *state.instance(arn.substr(arn.rfind('/') + 1)), agent);
}

Json placementOfApp(Bench& bench, Json input = {{"taskDefinition", "app"}}) {
  auto answer = bench.core.ask(whyPlacement, input, bench.caller, bench.tick());
  if (const auto* error = std::get_if<ApiError>(&answer)) return error->type + ": " + error->message;
  return std::get<Json>(answer);
}

TEST_CASE("a task without a place says what it waits for, and until when") {
  Bench bench;
  bench.ready();
  bench.define("big", Json::array({sample::container("app", {{"memory", 900'000}})}));
  const Json run{{"taskDefinition", "big"},
                 {"tags", Json::array({{{"key", "berth:wait"}, {"value", "10m"}}})}};
  const std::string arn = bench.call("RunTask", run)["tasks"][0]["taskArn"];
  const Task& task = *bench.core.state().task(arn.substr(arn.rfind('/') + 1));
  const Json why = whyTask(bench.core.state(), bench.names, task, kAway, Handover::NotSent,
                           bench.core.waiting().waitOf(task.id));
  CHECK(why["state"] == "PROVISIONING");
  CHECK(why["waitsFor"] == "room on one of 1 instances, or on another that joins");
  CHECK(why["fails"] == Json{{"RESOURCE:MEMORY", 1}});
  CHECK(why["until"] > why["since"]);
  CHECK_FALSE(why.contains("agent"));
}

TEST_CASE("a pending task says what of its way to the container it waits for") {
  Bench bench;
  const std::string host = bench.ready();
  const std::string arn = bench.runOne();
  const Json why = whyTaskOf(bench, arn, kThere, Handover::NotSent);
  CHECK(why["what"]["task"] == arn);
  CHECK(why["what"]["containerInstance"] == host);
  CHECK(why["state"] == "PENDING");
  CHECK(why["desired"] == "RUNNING");
  CHECK(why["since"].get<std::string>().ends_with("Z"));
  CHECK(why["waitsFor"] == "the agent to be sent the task");
  CHECK(why["handover"] == "NOT_SENT");
  CHECK(whyTaskOf(bench, arn, kThere, Handover::Sent)["waitsFor"] == "the agent to acknowledge the task");
  CHECK(whyTaskOf(bench, arn, kAway, Handover::NotSent)["waitsFor"] ==
        "the instance's agent to connect: its session ended at 2026-09-21T14:13:20.000Z");
  CHECK_THAT(whyTaskOf(bench, arn, kThere, Handover::Acknowledged)["waitsFor"].get<std::string>(),
             Catch::Contains("to report that the task runs"));
}

TEST_CASE("a running task waits for nothing, one that is to stop for that") {
  Bench bench;
  bench.ready();
  const std::string arn = bench.runOne();
  bench.report(arn, "RUNNING");
  Json why = whyTaskOf(bench, arn, kThere, Handover::Acknowledged);
  CHECK(why["state"] == "RUNNING");
  CHECK(why["waitsFor"] == nullptr);
  CHECK_FALSE(why.contains("handover"));
  bench.call("StopTask", {{"task", arn}});
  why = whyTaskOf(bench, arn, kThere, Handover::Sent);
  CHECK(why["state"] == "STOPPING");
  CHECK(why["waitsFor"] == "the agent to acknowledge the stop of the task");
  CHECK(why["causes"][0]["cause"] == "StopTask");
  bench.report(arn, "STOPPED");
  why = whyTaskOf(bench, arn, kThere, Handover::NotSent);
  CHECK(why["state"] == "STOPPED");
  CHECK(why["waitsFor"] == nullptr);
}

TEST_CASE("how far a task is on its way is known from its session") {
  Bench bench;
  const std::string host = bench.ready();
  const std::string id = host.substr(host.rfind('/') + 1);
  const std::string arn = bench.runOne();
  const std::string task = arn.substr(arn.rfind('/') + 1);
  const auto payloads = bench.sent<acs::PayloadMessage>();
  REQUIRE(payloads.size() == 1);
  REQUIRE(bench.core.session(id) != nullptr);
  CHECK(bench.core.session(id)->told(task) == Delivery::Told::Sent);
  bench.frame(acs::AckRequest{"", "", payloads[0].messageId});
  CHECK(bench.core.session(id)->told(task) == Delivery::Told::Acknowledged);
  CHECK(bench.core.session(id)->told("other") == Delivery::Told::No);
  CHECK(bench.core.session("other") == nullptr);
}

TEST_CASE("an instance says whether its agent is there, since when not, and what it still runs") {
  Bench bench;
  const std::string host = bench.ready();
  bench.runOne();
  Json why = whyHostOf(bench, host, kThere);
  CHECK(why["state"] == "ACTIVE");
  CHECK(why["agent"]["connected"] == true);
  CHECK(why["agent"]["lastHeard"] == "2026-09-21T14:13:20.000Z");
  CHECK(why["waitsFor"] == nullptr);
  CHECK(why["tasks"] == Json{{"PENDING", 1}, {"RUNNING", 0}, {"STOPPING", 0}});
  why = whyHostOf(bench, host, kAway);
  CHECK(why["causes"][0] == Json{{"cause", "AgentDisconnected"}, {"at", "2026-09-21T14:13:20.000Z"}});
  bench.call("UpdateContainerInstancesState", {{"containerInstances", {host}}, {"status", "DRAINING"}});
  CHECK(whyHostOf(bench, host, kThere)["waitsFor"] == "1 tasks to end");
  bench.call("DeregisterContainerInstance", {{"containerInstance", host}, {"force", true}});
  why = whyHostOf(bench, host, kAway);
  CHECK(why["state"] == "INACTIVE");
  CHECK(why["causes"][0]["cause"] == "InstanceDeregistered");
}

TEST_CASE("a placement says how many instances fail which test") {
  Bench bench;
  bench.ready();
  bench.host();
  bench.host();
  Json why = placementOfApp(bench);
  CHECK(why["state"] == "PLACEABLE");
  CHECK(why["instances"] == 3);
  CHECK(why["fit"] == 1);
  CHECK(why["fails"] == Json{{"AGENT", 2}});
  CHECK(why["waitsFor"] == nullptr);
  bench.define("big", Json::array({sample::container("app", {{"memory", 5000}})}));
  why = placementOfApp(bench, {{"taskDefinition", "big"}});
  CHECK(why["state"] == "UNPLACEABLE");
  CHECK(why["fit"] == 0);
  CHECK(why["waitsFor"] ==
        "a container instance that passes every test; of 3 fail 2 by AGENT, 1 by RESOURCE:MEMORY");
  CHECK(why["causes"].size() == 3);
}

TEST_CASE("a placement in an empty cluster waits for an instance, one in none or of nothing is refused") {
  Bench bench;
  bench.cluster();
  bench.define("app");
  CHECK(placementOfApp(bench)["waitsFor"] == "a container instance to join the cluster");
  CHECK(placementOfApp(bench, {{"taskDefinition", "none"}}) == "ClientException: TaskDefinition not found.");
  CHECK(placementOfApp(bench, {{"taskDefinition", "app"}, {"cluster", "none"}}) ==
        "ClusterNotFoundException: Cluster not found.");
}

}  // namespace
}  // namespace berth::controller
