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

TEST_CASE("the new process of an agent is sent all tasks, and which of them have begun") {
  Bench bench;
  std::string host = bench.ready();
  std::string runs = bench.runOne();
  std::string ended = bench.runOne();
  std::string pending = bench.runOne();
  bench.report(runs, "RUNNING");
  bench.report(ended, "STOPPED");
  bench.last = Output();
  Hello hello{"default", host, "1.0", "abc", "20.10", true};
  bench.session = std::get<SessionId>(bench.core.connect(hello, bench.tick(), bench.last));
  std::map<std::string, bool> begun;
  for (const acs::PayloadMessage& payload : bench.sent<acs::PayloadMessage>()) {
    for (const acs::Task& task : payload.tasks) begun[task.arn] = task.begun;
  }
  CHECK(begun == std::map<std::string, bool>{{runs, true}, {pending, false}});
  bench.report(pending, "RUNNING");
  CHECK(bench.sent<acs::PayloadMessage>().empty());
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

TEST_CASE("a task that runs is not sent again, though its payload was never acknowledged") {
  Bench bench;
  bench.ready();
  std::string task = bench.runOne();
  bench.report(task, "RUNNING");
  CHECK(bench.sent<acs::PayloadMessage>().empty());
  bench.wait(11);
  CHECK(bench.sent<acs::PayloadMessage>().empty());
  bench.wait(30);
  CHECK(bench.sent<acs::PayloadMessage>().empty());
}

TEST_CASE("news of a task that still starts does not send it again") {
  Bench bench;
  bench.ready();
  std::string task = bench.runOne();
  bench.report(task, "PENDING", bench.one("PENDING"));
  CHECK(bench.sent<acs::PayloadMessage>().empty());
}

TEST_CASE("each message is answered for by itself") {
  Bench bench;
  bench.ready();
  bench.runOne();
  acs::PayloadMessage first = bench.sent<acs::PayloadMessage>().at(0);
  std::string second = bench.runOne();
  REQUIRE(tasksIn(bench.sent<acs::PayloadMessage>()) == std::vector{second});
  bench.frame(ackOf(first));
  bench.frame(ackOf(first));
  bench.wait(12);
  CHECK(tasksIn(bench.sent<acs::PayloadMessage>()) == std::vector{second});
}

TEST_CASE("a refusal of a payload is no acknowledgement") {
  Bench bench;
  bench.ready();
  std::string task = bench.runOne();
  acs::PayloadMessage payload = bench.sent<acs::PayloadMessage>().at(0);
  bench.frame(acs::NackRequest{payload.clusterArn, payload.containerInstanceArn, payload.messageId, "no"});
  bench.wait(12);
  CHECK(tasksIn(bench.sent<acs::PayloadMessage>()) == std::vector{task});
}

TEST_CASE("a stop that was acknowledged is not sent again, and its task starts no more") {
  Bench bench;
  bench.ready();
  std::string task = bench.runOne();
  bench.call("StopTask", {{"task", task}});
  bench.frame(ackOf(bench.sent<acs::PayloadMessage>().at(0)));
  bench.wait(30);
  CHECK(bench.sent<acs::PayloadMessage>().empty());
  bench.report(task, "RUNNING");
  CHECK(bench.sent<acs::PayloadMessage>().empty());
}

TEST_CASE("an agent that comes back is sent what still starts, acknowledged or not, under the new timeline") {
  Bench bench;
  std::string host = bench.ready();
  std::string task = bench.runOne();
  bench.frame(ackOf(bench.sent<acs::PayloadMessage>().at(0)));
  bench.join(host);
  auto payloads = bench.sent<acs::PayloadMessage>();
  REQUIRE(tasksIn(payloads) == std::vector{task});
  CHECK(payloads[0].seqNum == bench.sent<acs::TaskManifestMessage>().at(0).timeline);
}

TEST_CASE("an acknowledgement counts in the session that it comes from") {
  Bench bench;
  std::string host = bench.ready();
  std::string task = bench.runOne();
  SessionId other = bench.join(bench.host());
  bench.session = bench.join(host);
  acs::AckRequest ack = ackOf(bench.sent<acs::PayloadMessage>().at(0));
  bench.frame(ack, other);
  bench.wait(12);
  auto again = bench.sent<acs::PayloadMessage>();
  REQUIRE(tasksIn(again) == std::vector{task});
  bench.frame(ackOf(again[0]), bench.session);
  bench.wait(12);
  CHECK(bench.sent<acs::PayloadMessage>().empty());
}

TEST_CASE("a payload goes to the session of its instance alone") {
  Bench bench;
  std::string here = bench.ready();
  std::string there = bench.host();
  SessionId other = bench.join(there);
  bench.call("StartTask", {{"taskDefinition", "app"}, {"containerInstances", {there}}});
  REQUIRE(bench.last.effects.size() == 1);
  CHECK(std::get<SendEffect>(bench.last.effects[0]).session == other);
}

TEST_CASE("what is told is stored in the same breath") {
  Bench bench;
  bench.ready();
  auto stored = [&](const std::string& arn) {
    for (const Mutation& mutation : bench.last.mutations) {
      if (mutation.kind == Kind::Task && arn.ends_with(mutation.key)) return true;
    }
    return false;
  };
  for (const std::string& arn : bench.run({{"taskDefinition", "app"}, {"count", 3}, {"clientToken", "t"}})) {
    CHECK(stored(arn));
  }
  CHECK(bench.last.mutations.size() == 4);
  CHECK(bench.sent<acs::PayloadMessage>().at(0).tasks.size() == 3);
}

TEST_CASE("a heartbeat is sent once an interval, each under its own id") {
  Bench bench;
  bench.ready();
  std::set<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    bench.wait(20);
    auto beats = bench.sent<acs::HeartbeatMessage>();
    REQUIRE(beats.size() == 1);
    CHECK(beats[0].healthy);
    ids.insert(beats[0].messageId);
    bench.frame(acs::HeartbeatAckRequest{beats[0].messageId});
  }
  CHECK(ids.size() == 3);
}

TEST_CASE("the next deadline is the nearest of all sessions' and the sweep's") {
  Bench bench;
  bench.cluster();
  bench.define("app");
  bench.wait(1);
  MonoTime sweep = bench.at(bench.second).mono + std::chrono::seconds(60);
  CHECK(bench.core.nextDeadline() == sweep);
  bench.join(bench.host());
  MonoTime beat = bench.at(bench.second).mono + std::chrono::seconds(20);
  CHECK(bench.core.nextDeadline() == beat);
  bench.runOne();
  MonoTime resend = bench.at(bench.second).mono + std::chrono::seconds(10);
  CHECK(bench.core.nextDeadline() == resend);
  bench.frame(ackOf(bench.sent<acs::PayloadMessage>().at(0)), 0);
  CHECK(bench.core.nextDeadline() == resend);
}

TEST_CASE("the options decide when and how much") {
  ControllerOptions options;
  options.delivery.heartbeat = std::chrono::seconds(3);
  options.delivery.resend = std::chrono::seconds(2);
  options.delivery.tasksPerPayload = 2;
  Bench bench(options);
  bench.ready();
  bench.run({{"taskDefinition", "app"}, {"count", 3}});
  CHECK(bench.sent<acs::PayloadMessage>().size() == 2);
  bench.wait(1);
  CHECK(bench.sent<acs::PayloadMessage>().empty());
  bench.wait(1);
  CHECK(tasksIn(bench.sent<acs::PayloadMessage>()).size() == 3);
  CHECK(bench.sent<acs::HeartbeatMessage>().size() == 1);
}
