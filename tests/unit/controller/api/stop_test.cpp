#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

TEST_CASE("a stop says who asked for it and why, and the agent is told") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  bench.report(arn, "RUNNING");
  Json task = bench.call("StopTask", {{"task", arn}, {"reason", "enough"}})["task"];
  CHECK(task["desiredStatus"] == "STOPPED");
  CHECK(task["lastStatus"] == "STOPPING");
  CHECK(task["stopCode"] == "UserInitiated");
  CHECK(task["stoppedReason"] == "enough");
  auto payloads = bench.sent<berth::acs::PayloadMessage>();
  REQUIRE(payloads.size() == 1);
  CHECK(payloads[0].tasks.at(0).desiredStatus == "STOPPED");
  bench.report(arn, "STOPPED", bench.one("STOPPED", {{"exitCode", 143}}));
  task = bench.task(arn);
  CHECK(task["lastStatus"] == "STOPPED");
  CHECK(task["stopCode"] == "UserInitiated");
  CHECK(task["stoppedReason"] == "enough");
  CHECK(task["containers"][0]["exitCode"] == 143);
}

TEST_CASE("a stop without a reason has the service's") {
  Bench bench;
  bench.ready();
  CHECK(bench.call("StopTask", {{"task", bench.runOne()}})["task"]["stoppedReason"] ==
        "Task stopped by user");
}

TEST_CASE("a second stop changes nothing, nor does one of a task that has stopped") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  bench.call("StopTask", {{"task", arn}, {"reason", "first"}});
  CHECK(bench.call("StopTask", {{"task", arn}, {"reason", "second"}})["task"]["stoppedReason"] == "first");
  CHECK(bench.last.mutations.empty());
  bench.report(arn, "STOPPED");
  bench.call("StopTask", {{"task", arn}});
  CHECK(bench.last.mutations.empty());
}

TEST_CASE("a task that is not there can't be stopped") {
  Bench bench;
  bench.cluster();
  CHECK(bench.refusal("StopTask", {{"task", std::string(32, 'a')}}) ==
        "InvalidParameterException: The referenced task was not found.");
}

TEST_CASE("news that a task runs does not undo its stop") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  bench.call("StopTask", {{"task", arn}});
  bench.report(arn, "RUNNING");
  CHECK(bench.task(arn)["lastStatus"] == "STOPPING");
  CHECK(bench.task(arn)["desiredStatus"] == "STOPPED");
}

TEST_CASE("a task is stopped in its own cluster only, by id or ARN") {
  Bench bench;
  bench.ready();
  bench.cluster("other");
  std::string arn = bench.runOne();
  std::string id = arn.substr(arn.rfind('/') + 1);
  CHECK(bench.refusal("StopTask", {{"cluster", "other"}, {"task", id}}) ==
        "InvalidParameterException: The referenced task was not found.");
  CHECK(bench.refusal("StopTask", {{"task", "no id"}}) ==
        "InvalidParameterException: The referenced task was not found.");
  CHECK(bench.call("StopTask", {{"task", id}})["task"]["taskArn"] == arn);
}

TEST_CASE("a stop is stored before the agent is told, and takes nothing from the instance's use yet") {
  Bench bench;
  std::string host = bench.ready();
  std::string arn = bench.runOne();
  bench.report(arn, "RUNNING");
  Json task = bench.call("StopTask", {{"task", arn}})["task"];
  CHECK(bench.last.mutations.size() == 1);
  CHECK(bench.last.effects.size() == 1);
  CHECK(task["version"] == 3);
  CHECK(task["stoppingAt"] == 1790000000.0 + static_cast<double>(bench.second));
  CHECK_FALSE(task.contains("stoppedAt"));
  CHECK(bench.core.state().used(host.substr(host.rfind('/') + 1)).cpu == 256);
}

TEST_CASE("a task whose agent is away is stopped when the agent comes back") {
  Bench bench;
  std::string host = bench.ready();
  std::string arn = bench.runOne();
  bench.report(arn, "RUNNING");
  bench.core.disconnect(bench.session, bench.tick(), bench.last);
  bench.call("StopTask", {{"task", arn}});
  CHECK(bench.last.effects.empty());
  bench.join(host);
  auto payloads = bench.sent<berth::acs::PayloadMessage>();
  REQUIRE(payloads.size() == 1);
  CHECK(payloads[0].tasks.at(0).arn == arn);
  CHECK(payloads[0].tasks[0].desiredStatus == "STOPPED");
}

TEST_CASE("a stop deletes the task's tags") {
  Bench bench;
  bench.ready();
  const std::string arn =
      bench.runOne({{"taskDefinition", "app"}, {"tags", {{{"key", "team"}, {"value", "web"}}}}});
  CHECK(bench.call("StopTask", {{"task", arn}})["task"]["tags"].empty());
  CHECK(bench.call("ListTagsForResource", {{"resourceArn", arn}})["tags"].empty());
}
