#include "tests/unit/controller/bench/bench.hpp"

using namespace berth;
using namespace berth::controller;
using sample::Bench;
using sample::container;

namespace {

acs::AckRequest ackOf(const acs::PayloadMessage& payload) {
  return acs::AckRequest{payload.clusterArn, payload.containerInstanceArn, payload.messageId};
}

std::vector<std::string> tasksIn(const std::vector<acs::PayloadMessage>& payloads) {
  std::vector<std::string> out;
  for (const acs::PayloadMessage& payload : payloads) {
    for (const acs::Task& task : payload.tasks) out.push_back(task.arn);
  }
  return out;
}

}  // namespace

TEST_CASE("a payload is sent again until it is acknowledged") {
  Bench bench;
  bench.ready();
  std::string task = bench.runOne();
  auto first = bench.sent<acs::PayloadMessage>();
  REQUIRE(tasksIn(first) == std::vector{task});
  bench.wait(9);
  CHECK(bench.sent<acs::PayloadMessage>().empty());
  bench.wait(2);
  auto again = bench.sent<acs::PayloadMessage>();
  REQUIRE(tasksIn(again) == std::vector{task});
  CHECK(again[0].messageId != first[0].messageId);
  bench.frame(ackOf(again[0]));
  bench.wait(30);
  CHECK(bench.sent<acs::PayloadMessage>().empty());
}

TEST_CASE("an acknowledgement of something else changes nothing") {
  Bench bench;
  bench.ready();
  bench.runOne();
  acs::AckRequest other = ackOf(bench.sent<acs::PayloadMessage>().at(0));
  other.messageId = "another";
  bench.frame(other);
  bench.wait(11);
  CHECK(bench.sent<acs::PayloadMessage>().size() == 1);
}

TEST_CASE("a task that runs, or has stopped, is not sent again") {
  Bench bench;
  std::string host = bench.ready();
  std::string runs = bench.runOne();
  std::string ended = bench.runOne();
  std::string pending = bench.runOne();
  bench.report(runs, "RUNNING");
  bench.report(ended, "STOPPED");
  bench.join(host);
  CHECK(tasksIn(bench.sent<acs::PayloadMessage>()) == std::vector{pending});
}

TEST_CASE("a stop overtakes a start that was not acknowledged") {
  Bench bench;
  bench.ready();
  std::string task = bench.runOne();
  bench.call("StopTask", {{"task", task}});
  auto stop = bench.sent<acs::PayloadMessage>();
  REQUIRE(stop.size() == 1);
  CHECK(stop[0].tasks.at(0).desiredStatus == "STOPPED");
  bench.wait(12);
  auto again = bench.sent<acs::PayloadMessage>();
  REQUIRE(again.size() == 1);
  CHECK(again[0].tasks.size() == 1);
  CHECK(again[0].tasks[0].desiredStatus == "STOPPED");
}

TEST_CASE("what waited for an agent is sent when it comes, ten tasks a message") {
  Bench bench;
  std::string host = bench.ready();
  bench.define("small", Json::array({container("app", {{"cpu", 1}, {"memory", 6}})}));
  bench.run({{"taskDefinition", "small"}, {"count", 10}});
  bench.run({{"taskDefinition", "small"}, {"count", 2}});
  bench.join(host);
  auto payloads = bench.sent<acs::PayloadMessage>();
  REQUIRE(payloads.size() == 2);
  CHECK(payloads[0].tasks.size() == 10);
  CHECK(payloads[1].tasks.size() == 2);
}

TEST_CASE("heartbeats go out on time") {
  Bench bench;
  bench.ready();
  bench.wait(19);
  CHECK(bench.sent<acs::HeartbeatMessage>().empty());
  bench.wait(2);
  CHECK(bench.sent<acs::HeartbeatMessage>().size() == 1);
  CHECK(bench.core.nextDeadline() <= bench.at(bench.second + 20).mono);
}

TEST_CASE("of an agent's stop candidates those are confirmed that are not to run there") {
  Bench bench;
  std::string host = bench.ready();
  std::string runs = bench.runOne();
  std::string ended = bench.runOne();
  bench.report(ended, "STOPPED");
  bench.session = bench.join(host);
  std::string unknown = "arn:aws:ecs:us-east-1:000000000000:task/default/" + std::string(32, 'f');
  acs::TaskStopVerificationMessage candidates;
  candidates.messageId = bench.sent<acs::TaskManifestMessage>().at(0).messageId;
  for (const std::string& arn : {runs, ended, unknown, std::string("arn:of:somebody:else")}) {
    candidates.stopCandidates.push_back(acs::TaskIdentity{arn, "", "STOPPED"});
  }
  bench.frame(candidates);
  auto verified = bench.sent<acs::TaskStopVerificationAck>();
  REQUIRE(verified.size() == 1);
  REQUIRE(verified[0].stopTasks.size() == 2);
  CHECK(verified[0].stopTasks[0].taskArn == ended);
  CHECK(verified[0].stopTasks[1].taskArn == unknown);
  candidates.messageId = "an older manifest";
  bench.frame(candidates);
  CHECK(bench.last.effects.empty());
}
