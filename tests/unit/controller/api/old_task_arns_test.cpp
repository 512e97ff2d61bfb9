// Tasks of callers whose account setting taskLongArnFormat is disabled.
#include "tests/unit/controller/bench/bench.hpp"

using namespace berth;
using namespace berth::controller;
using sample::Bench;

namespace {

const std::string kPrefix = "arn:aws:ecs:us-east-1:000000000000:";
const std::string kUuid = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

struct Old : Bench {
  std::string host_arn = ready();

  Old() { setting("disabled"); }
  void setting(const std::string& value) {
    call("PutAccountSetting", {{"name", "taskLongArnFormat"}, {"value", value}});
  }
};

std::string idOf(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

}  // namespace

TEST_CASE("a task of the old format has a UUID and an ARN without the cluster, wherever it is shown") {
  Old bench;
  const std::string arn = bench.runOne({{"taskDefinition", "app"}, {"clientToken", "t"}});
  CHECK_THAT(arn, Catch::Matches(kPrefix + "task/" + kUuid));
  CHECK(bench.call("ListTasks")["taskArns"] == Json::array({arn}));
  const Json task = bench.task(arn);
  CHECK(task["taskArn"] == arn);
  CHECK(task["containers"][0]["taskArn"] == arn);
  CHECK_THAT(task["containers"][0]["containerArn"].get<std::string>(),
             Catch::Matches(kPrefix + "container/[0-9a-f-]{36}"));
  CHECK(bench.task(idOf(arn))["taskArn"] == arn);
  CHECK(bench.run({{"taskDefinition", "app"}, {"clientToken", "t"}}) == std::vector{arn});
}

TEST_CASE("agents are sent a task under its old ARN, and their reports by it are understood") {
  Old bench;
  const std::string arn = bench.runOne();
  const auto payload = bench.sent<acs::PayloadMessage>().at(0).tasks.at(0);
  CHECK(payload.arn == arn);
  CHECK(payload.containers.at(0).containerArn ==
        bench.task(arn)["containers"][0]["containerArn"].get<std::string>());
  bench.report(arn, "RUNNING");
  CHECK(bench.task(arn)["lastStatus"] == "RUNNING");
  bench.join(bench.host_arn);
  CHECK(bench.sent<acs::TaskManifestMessage>().at(0).tasks.at(0).taskArn == arn);
}

TEST_CASE("an agent that has a task of the old format which is not wanted is told to stop it") {
  Old bench;
  const std::string arn = bench.runOne();
  const std::string gone = kPrefix + "task/4b2f8a2e-6a4e-4b0e-8a6c-1f1c2d3e4f50";
  const SessionId session = bench.join(bench.host_arn);
  const auto manifest = bench.sent<acs::TaskManifestMessage>().at(0);
  acs::TaskStopVerificationMessage question;
  question.messageId = manifest.messageId;
  question.stopCandidates = {{arn, manifest.clusterArn, "STOPPED"},
                             {gone, manifest.clusterArn, "STOPPED"},
                             {"arn:::::/service-connect-relay-1", manifest.clusterArn, "STOPPED"}};
  bench.frame(question, session);
  const auto answers = bench.sent<acs::TaskStopVerificationAck>();
  REQUIRE(answers.size() == 1);
  REQUIRE(answers[0].stopTasks.size() == 1);
  CHECK(answers[0].stopTasks[0].taskArn == gone);
}

TEST_CASE("the format of a task is fixed when it is made, and both are there side by side") {
  Old bench;
  const std::string old = bench.runOne();
  bench.setting("enabled");
  const std::string present = bench.runOne();
  CHECK_THAT(present, Catch::Matches(kPrefix + "task/default/[0-9a-f]{32}"));
  CHECK(bench.task(old)["taskArn"] == old);
  CHECK(bench.call("ListTasks")["taskArns"].size() == 2);
  bench.call("TagResource", {{"resourceArn", old}, {"tags", {{{"key", "a"}, {"value", "b"}}}}});
  CHECK(bench.call("ListTagsForResource", {{"resourceArn", old}})["tags"].size() == 1);
  CHECK(bench.call("StopTask", {{"task", old}})["task"]["taskArn"] == old);
}

TEST_CASE("the containers of a task of the old format have UUIDs that differ") {
  Old bench;
  bench.define("pair", Json::array({sample::container("a"), sample::container("b")}));
  const Json task = bench.task(bench.runOne({{"taskDefinition", "pair"}}));
  const std::string one = idOf(task["containers"][0]["containerArn"]);
  CHECK_THAT(one, Catch::Matches("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  CHECK(one != idOf(task["containers"][1]["containerArn"]));
}
