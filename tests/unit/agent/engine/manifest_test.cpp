#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {

using namespace sample;

namespace {

acs::TaskManifestMessage manifest(int64_t timeline, std::vector<acs::TaskIdentity> tasks = {}) {
  acs::TaskManifestMessage out;
  out.messageId = "man" + std::to_string(timeline);
  out.clusterArn = "arn:cluster";
  out.containerInstanceArn = kInstance;
  out.timeline = timeline;
  out.tasks = std::move(tasks);
  return out;
}

acs::TaskStopVerificationAck confirm(const std::string& id, const std::string& task = kTaskArn) {
  acs::TaskStopVerificationAck out;
  out.messageId = id;
  out.stopTasks = {acs::TaskIdentity{task, "arn:cluster", "STOPPED"}};
  return out;
}

}  // namespace

TEST_CASE("a manifest is acknowledged by the output that stores its timeline") {
  Bench bench;
  Output out = bench.engine.onMessage(manifest(7), bench.now());
  CHECK(out.timeline == 7);
  REQUIRE(sent<acs::AckRequest>(out));
  CHECK(sent<acs::AckRequest>(out)->messageId == "man7");
  CHECK_FALSE(sent<acs::TaskStopVerificationMessage>(out));
}

TEST_CASE("a manifest offers to stop what it does not list, and stops only what is confirmed") {
  Bench bench;
  bench.run();
  Output out = bench.engine.onMessage(manifest(7), bench.now());
  CHECK_FALSE(effect<StopEffect>(out));
  const auto* verification = sent<acs::TaskStopVerificationMessage>(out);
  REQUIRE(verification);
  CHECK(verification->messageId == "man7");
  REQUIRE(verification->stopCandidates.size() == 1);
  CHECK(verification->stopCandidates[0].taskArn == kTaskArn);
  CHECK(verification->stopCandidates[0].desiredStatus == "STOPPED");
  Output stopped = bench.engine.onMessage(confirm("man7"), bench.now());
  // The report of the start is still on its way; the stop does not wait for it.
  CHECK(effect<StopEffect>(stopped));
  CHECK(stopped.save.size() == 1);
}

TEST_CASE("a task that the manifest lists as RUNNING is no candidate") {
  Bench bench;
  bench.run();
  Output out = bench.engine.onMessage(manifest(7, {{kTaskArn, "arn:cluster", "RUNNING"}}), bench.now());
  CHECK(sent<acs::AckRequest>(out));
  CHECK_FALSE(sent<acs::TaskStopVerificationMessage>(out));
}

TEST_CASE("a task that the manifest lists as STOPPED is a candidate") {
  Bench bench;
  bench.run();
  Output out = bench.engine.onMessage(manifest(7, {{kTaskArn, "arn:cluster", "STOPPED"}}), bench.now());
  CHECK(sent<acs::TaskStopVerificationMessage>(out));
}

TEST_CASE("a task that stops already is no candidate, nor is one that a manifest lists and nobody knows") {
  Bench bench;
  bench.runAndReport();
  bench.payload(stopOf(oneContainer()));
  Output out =
      bench.engine.onMessage(manifest(7, {{"arn:task/unknown", "arn:cluster", "RUNNING"}}), bench.now());
  CHECK_FALSE(sent<acs::TaskStopVerificationMessage>(out));
  CHECK(bench.engine.tasks().size() == 1);
}

TEST_CASE("a stale manifest is dropped without an answer") {
  Bench bench;
  bench.run();
  bench.engine.onMessage(manifest(7), bench.now());
  for (int64_t timeline : {7, 6, 0}) {
    Output out = bench.engine.onMessage(manifest(timeline), bench.now());
    CHECK(out.effects.empty());
    CHECK_FALSE(out.durable());
  }
  CHECK(bench.engine.timeline() == 7);
}

TEST_CASE("a manifest that is older than a payload is dropped") {
  Bench bench;
  acs::PayloadMessage payload = message(oneContainer());
  payload.seqNum = 9;
  bench.engine.onMessage(payload, bench.now());
  CHECK(bench.engine.onMessage(manifest(9), bench.now()).effects.empty());
  CHECK_FALSE(bench.engine.onMessage(manifest(10), bench.now()).effects.empty());
}

TEST_CASE("the first manifest needs a timeline of one at least") {
  Bench bench;
  CHECK(bench.engine.onMessage(manifest(0), bench.now()).effects.empty());
  CHECK_FALSE(bench.engine.onMessage(manifest(1), bench.now()).effects.empty());
}

TEST_CASE("a manifest for another instance changes nothing") {
  Bench bench;
  acs::TaskManifestMessage foreign = manifest(7);
  foreign.containerInstanceArn = "arn:other";
  CHECK(bench.engine.onMessage(foreign, bench.now()).effects.empty());
  CHECK(bench.engine.timeline() == 0);
}

TEST_CASE("a confirmation counts for the last manifest only, and once") {
  Bench bench;
  bench.runAndReport();
  bench.engine.onMessage(manifest(7), bench.now());
  bench.engine.onMessage(manifest(8), bench.now());
  CHECK(bench.engine.onMessage(confirm("man7"), bench.now()).effects.empty());
  CHECK(bench.engine.onMessage(confirm(""), bench.now()).effects.empty());
  CHECK(bench.engine.onMessage(confirm("man8", "arn:task/unknown"), bench.now()).effects.empty());
  CHECK(bench.engine.onMessage(confirm("man8"), bench.now()).effects.empty());
  CHECK_FALSE(bench.task().stopWanted);
}

TEST_CASE("a confirmation without a manifest changes nothing") {
  Bench bench;
  bench.runAndReport();
  CHECK(bench.engine.onMessage(confirm(""), bench.now()).effects.empty());
  CHECK_FALSE(bench.task().stopWanted);
}

}  // namespace berth::agent
