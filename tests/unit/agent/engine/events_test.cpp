#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {

using namespace sample;

TEST_CASE("an event is a hint: the runtime is asked before anything is believed") {
  Bench bench;
  bench.runAndReport();
  Output out = bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  CHECK(effect<InspectEffect>(out));
  CHECK_FALSE(out.durable());
  CHECK(bench.main().known == ContainerStatus::Running);
}

TEST_CASE("an exit is stored by the output that reports its code") {
  Bench bench;
  bench.runAndReport();
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  Output out = bench.inspected(exited("c1", 3));
  // And then the last lines are.
  CHECK(out.save.size() == 2);
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].exitCode == 3);
}

TEST_CASE("an exit while the report of RUNNING is on its way is reported after it") {
  Bench bench;
  Report running = effect<ReportEffect>(bench.run())->report;
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  CHECK_FALSE(effect<ReportEffect>(bench.inspected(exited("c1", 3))));
  Output out = bench.reported(running);
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
}

TEST_CASE("an event during a start makes the engine ask once the start is answered") {
  Bench bench;
  bench.payload(oneContainer());
  bench.pulled();
  bench.created();
  CHECK(bench.engine.onRuntimeEvent(event("c1", "die"), bench.now()).effects.empty());
  Output out = bench.started();
  CHECK(effect<InspectEffect>(out));
  CHECK_FALSE(effect<InspectEffect>(bench.inspected(running("c1"))));
}

TEST_CASE("the event that a start causes by itself is no reason to ask") {
  Bench bench;
  bench.payload(oneContainer());
  bench.pulled();
  bench.created();
  bench.engine.onRuntimeEvent(event("c1", "start"), bench.now());
  CHECK_FALSE(effect<InspectEffect>(bench.started()));
}

TEST_CASE("an event during a question makes the engine ask again") {
  Bench bench;
  bench.runAndReport();
  bench.engine.onRuntimeEvent(event("c1", "health_status: healthy"), bench.now());
  CHECK(bench.engine.onRuntimeEvent(event("c1", "die"), bench.now()).effects.empty());
  CHECK(effect<InspectEffect>(bench.inspected(running("c1"))));
  CHECK_FALSE(effect<InspectEffect>(bench.inspected(exited("c1", 0))));
}

TEST_CASE("an event of a container that nobody knows changes nothing") {
  Bench bench;
  bench.runAndReport();
  CHECK(bench.engine.onRuntimeEvent(event("c9", "die"), bench.now()).effects.empty());
  CHECK(bench.engine.onRuntimeEvent(event("", "die"), bench.now()).effects.empty());
}

TEST_CASE("an event of a stopped container is looked into, and a running one is stopped") {
  Bench bench;
  bench.runAndReport();
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  bench.inspected(exited("c1", 0));
  CHECK(effect<InspectEffect>(bench.engine.onRuntimeEvent(event("c1", "start"), bench.now())));
  Output out = bench.inspected(running("c1"));
  CHECK(effect<StopEffect>(out));
  CHECK(bench.main().known == ContainerStatus::Stopped);
}

TEST_CASE("a container that was removed behind the agent's back has vanished") {
  Bench bench;
  bench.runAndReport();
  bench.engine.onRuntimeEvent(event("c1", "destroy"), bench.now());
  Output out = bench.inspected(std::nullopt);
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].reason ==
        "ContainerVanishedError: No container matching saved ID found");
}

TEST_CASE("a broken event stream is noted, and a new one is followed by a list") {
  Bench bench;
  bench.runAndReport();
  RuntimeEvent gone;
  gone.kind = RuntimeEvent::Kind::Disconnected;
  CHECK(bench.engine.onRuntimeEvent(gone, bench.now()).effects.empty());
  RuntimeEvent back;
  back.kind = RuntimeEvent::Kind::Connected;
  CHECK(effect<ListEffect>(bench.engine.onRuntimeEvent(back, bench.now())));
  CHECK(bench.engine.onRuntimeEvent(back, bench.now()).effects.empty());
  Output out = bench.listed({labelled(exited("c1", 5), kTaskArn)});
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].exitCode == 5);
}

TEST_CASE("a container that a list lacks is asked for before it counts as vanished") {
  Bench bench;
  bench.runAndReport();
  Output out = bench.listed({});
  CHECK(effect<InspectEffect>(out));
  CHECK(bench.main().known == ContainerStatus::Running);
  CHECK_FALSE(effect<ReportEffect>(bench.inspected(running("c1"))));
}

TEST_CASE("a list says nothing about a container with a step under way") {
  Bench bench;
  bench.payload(oneContainer());
  bench.pulled();
  CHECK(bench.listed({}).effects.empty());
  CHECK(bench.main().inFlight == Step::Create);
}

TEST_CASE("a list that is older than a restart says nothing about it") {
  Bench bench;
  const Life life(1);
  bench.run(life);
  RuntimeEvent connected;
  connected.kind = RuntimeEvent::Kind::Connected;
  CHECK(effect<ListEffect>(bench.engine.onRuntimeEvent(connected, bench.now())));
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  CHECK(effect<StartEffect>(bench.inspected(life.ended)));
  const Life next(91);
  bench.done(StartDone{kMain, next.begun});
  bench.byHand = true;
  Output out = bench.listed({labelled(life.ended, kTaskArn)});
  CHECK_FALSE(effect<ReapEffect>(out));
  CHECK(effect<InspectEffect>(out));
  CHECK_FALSE(effect<ReapEffect>(bench.inspected(next.begun)));
  CHECK(bench.main().restarts == 1);
}

}  // namespace berth::agent
