#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {

using namespace sample;

TEST_CASE("a payload is acknowledged by the output that stores its tasks") {
  Bench bench;
  Output out = bench.payload(oneContainer());
  REQUIRE(out.save.size() == 1);
  CHECK(out.save[0].arn == kTaskArn);
  REQUIRE(sent<acs::AckRequest>(out));
  CHECK(sent<acs::AckRequest>(out)->messageId == "m1");
  CHECK(sent<acs::AckRequest>(out)->cluster == "arn:cluster");
  CHECK(sent<acs::AckRequest>(out)->containerInstance == kInstance);
  CHECK(effect<PullEffect>(out));
}

TEST_CASE("a payload for another instance changes nothing") {
  Bench bench;
  acs::PayloadMessage foreign = message(oneContainer());
  foreign.containerInstanceArn = "arn:other";
  Output out = bench.engine.onMessage(foreign, bench.now());
  CHECK(out.effects.empty());
  CHECK_FALSE(out.durable());
  CHECK(bench.engine.tasks().empty());
}

TEST_CASE("a repeated payload is acknowledged and does nothing twice") {
  Bench bench;
  bench.payload(oneContainer());
  Output out = bench.payload(oneContainer());
  CHECK(sent<acs::AckRequest>(out));
  CHECK(out.effects.size() == 1);
  CHECK(out.save.empty());
}

TEST_CASE("of a known task only the desired status is looked at, and it only rises") {
  Bench bench;
  bench.runAndReport();
  acs::Task other = oneContainer();
  other.containers[0].image = "registry.example/evil:1";
  CHECK(bench.payload(other).effects.size() == 1);
  CHECK(bench.main().spec.image == "registry.example/web:1");
  CHECK(effect<StopEffect>(bench.payload(stopOf(oneContainer()))));
  CHECK(bench.payload(oneContainer()).effects.size() == 1);
  CHECK(bench.task().stopWanted);
}

TEST_CASE("the stops of a payload come first") {
  Bench bench;
  bench.runAndReport();
  acs::PayloadMessage both = message(oneContainer("arn:task/new"), "m2");
  both.tasks.push_back(stopOf(oneContainer()));
  Output out = bench.engine.onMessage(both, bench.now());
  REQUIRE(out.effects.size() == 3);
  CHECK(std::holds_alternative<StopEffect>(out.effects[0]));
  CHECK(std::holds_alternative<SendEffect>(out.effects[1]));
  CHECK(std::holds_alternative<PullEffect>(out.effects[2]));
}

TEST_CASE("a refused task is stored, reported as STOPPED, and acknowledged with the others") {
  Bench bench;
  acs::PayloadMessage payload = message(oneContainer());
  payload.refused.push_back({"arn:task/bad", "UnrecogniedTaskError: Error loading task - x"});
  Output out = bench.engine.onMessage(payload, bench.now());
  CHECK(out.save.size() == 2);
  REQUIRE(effects<ReportEffect>(out).size() == 1);
  CHECK(effect<ReportEffect>(out)->report.taskArn == "arn:task/bad");
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
  CHECK(effect<ReportEffect>(out)->report.reason == "UnrecogniedTaskError: Error loading task - x");
  CHECK(effect<PullEffect>(out));
  CHECK(sent<acs::AckRequest>(out));
}

TEST_CASE("a running task is not hurt by a later payload that can't be read") {
  Bench bench;
  bench.runAndReport();
  acs::PayloadMessage payload = message(oneContainer(), "m2");
  payload.tasks.clear();
  payload.refused.push_back({kTaskArn, "UnrecogniedTaskError: Error loading task - x"});
  Output out = bench.engine.onMessage(payload, bench.now());
  CHECK_FALSE(effect<ReportEffect>(out));
  CHECK_FALSE(effect<StopEffect>(out));
  CHECK(bench.main().known == ContainerStatus::Running);
}

TEST_CASE("a heartbeat is answered by its id") {
  Bench bench;
  Output out = bench.engine.onMessage(acs::HeartbeatMessage{"h1", true}, bench.now());
  REQUIRE(sent<acs::HeartbeatAckRequest>(out));
  CHECK(sent<acs::HeartbeatAckRequest>(out)->messageId == "h1");
  CHECK_FALSE(out.durable());
}

TEST_CASE("a message without meaning for the engine changes nothing") {
  Bench bench;
  Output out = bench.engine.onMessage(acs::OtherMessage{"CloseMessage", true}, bench.now());
  CHECK(out.effects.empty());
  CHECK_FALSE(out.durable());
}

TEST_CASE("an update is refused, since packages update the agent") {
  Bench bench;
  for (const char* type : {"StageUpdateMessage", "PerformUpdateMessage"}) {
    const Output out =
        bench.engine.onMessage(acs::OtherMessage{type, true, "m7", "arn:cluster"}, bench.now());
    const auto* nack = sent<acs::NackRequest>(out);
    REQUIRE(nack);
    CHECK(nack->messageId == "m7");
    CHECK(nack->cluster == "arn:cluster");
    CHECK(nack->reason == "Updates are disabled");
  }
}

}  // namespace berth::agent
