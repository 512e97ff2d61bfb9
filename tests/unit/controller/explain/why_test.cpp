#include "controller/explain/why.hpp"
#include "controller/explain/found.hpp"

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

Json whyWebOf(Bench& bench) {
  const Service& service = *bench.core.state().service("default/web");
  const WallTime now = bench.at(bench.second).wall;
  return whyService(bench.core.state(), bench.names, service, bench.core.services().factsOf(service, now),
                    now);
}

void createWeb(Bench& bench, int count, const std::string& family = "app") {
  bench.call("CreateService", {{"serviceName", "web"}, {"taskDefinition", family}, {"desiredCount", count}});
}

std::vector<std::string> tasksOfWeb(const Bench& bench) {
  std::vector<std::string> out;
  for (const Task* task : bench.core.state().tasksOf("default/web")) {
    if (task->lastStatus != TaskStatus::Stopped) out.push_back(bench.names.task("default", task->id).str());
  }
  return out;
}

TEST_CASE("a service says what it waits for, since when, and what it has said of it") {
  Bench bench;
  bench.ready();
  createWeb(bench, 2);
  Json why = whyWebOf(bench);
  CHECK(why["what"]["service"] == "arn:aws:ecs:us-east-1:000000000000:service/default/web");
  CHECK(why["state"] == "ACTIVE");
  CHECK(why["waitsFor"] == "2 tasks to run");
  CHECK(why["since"] == toRfc3339(bench.at(bench.second).wall));
  CHECK(why["tasks"] == Json{{"PROVISIONING", 0}, {"PENDING", 2}, {"RUNNING", 0}, {"STOPPING", 0}});
  CHECK(why["rollout"]["state"] == "IN_PROGRESS");
  for (const std::string& arn : tasksOfWeb(bench)) bench.report(arn, "RUNNING");
  CHECK(whyWebOf(bench)["waitsFor"] == "its tasks to have run for long enough");
  bench.wait(3);
  why = whyWebOf(bench);
  CHECK(why["waitsFor"].is_null());
  CHECK(why["causes"].empty());
  CHECK(why["rollout"]["state"] == "COMPLETED");
}

TEST_CASE("a service that lacks room says so, with the event that names the instance") {
  Bench bench;
  bench.ready();
  bench.define("big", Json::array({sample::container("app", {{"cpu", 800}})}));
  createWeb(bench, 2, "big");
  const Json why = whyWebOf(bench);
  CHECK(why["waitsFor"] == "an instance that has room for more of its tasks");
  const std::string said = why["causes"].back()["message"];
  CHECK_THAT(said, Catch::Contains("has insufficient CPU units available"));
  CHECK(why["causes"].back()["cause"] == "ServiceEvent");
}

TEST_CASE("a service whose tasks keep failing says when it tries again") {
  Bench bench;
  bench.ready();
  createWeb(bench, 1);
  for (int round = 0; round < 3; ++round) {
    for (const std::string& arn : tasksOfWeb(bench)) bench.report(arn, "STOPPED");
    if (round < 2) bench.wait(10);
  }
  const Json why = whyWebOf(bench);
  CHECK(why["waitsFor"] == "the next try, after 3 rounds of failures in a row");
  CHECK(why["until"] > why["since"]);
  CHECK_FALSE(why["causes"].empty());
}

TEST_CASE("a deleted service waits for its tasks to end, and then for nothing") {
  Bench bench;
  bench.ready();
  createWeb(bench, 1);
  for (const std::string& arn : tasksOfWeb(bench)) bench.report(arn, "RUNNING");
  bench.wait(5);
  bench.call("DeleteService", {{"service", "web"}, {"force", true}});
  const Json why = whyWebOf(bench);
  CHECK(why["state"] == "INACTIVE");
  CHECK(why["waitsFor"].is_null());
}

TEST_CASE("the beginning of an id finds the tasks of a cluster, stopped ones too") {
  Bench bench;
  bench.ready();
  const std::string first = bench.runOne();
  bench.runOne();
  bench.report(first, "STOPPED");
  const std::string id = first.substr(first.rfind('/') + 1);
  const State& state = bench.core.state();
  CHECK(tasksBeginningWith(state, bench.names, "default", id) ==
        Json{{"taskArns", {first}}, {"more", false}});
  CHECK(tasksBeginningWith(state, bench.names, "other", id)["taskArns"].empty());
  CHECK(tasksBeginningWith(state, bench.names, "default", id + "0")["taskArns"].empty());
  CHECK(tasksBeginningWith(state, bench.names, "default", "")["taskArns"].size() == 2);
}

TEST_CASE("of too many tasks with one beginning the first are told, and that there are more") {
  Bench bench;
  Mutations mutations;
  State state;
  for (size_t i = 0; i <= kMostFound; ++i) {
    Task task;
    task.id = "a" + std::string(i < 10 ? "00" : i < 100 ? "0" : "") + std::to_string(i);
    TaskSpec spec;
    spec.cluster = "default";
    task.spec = Shared<TaskSpec>(spec);
    mutations.emplace_back(std::move(task));
  }
  state.apply(mutations);
  const Json found = tasksBeginningWith(state, bench.names, "default", "a");
  CHECK(found["more"] == true);
  CHECK(found["taskArns"].size() == kMostFound);
  CHECK(tasksBeginningWith(state, bench.names, "default", "a00")["more"] == false);
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
