#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {

using namespace sample;

TEST_CASE("a stop that comes before its task is known is reported as STOPPED") {
  Bench bench;
  Output out = bench.payload(stopOf(oneContainer()));
  CHECK_FALSE(effect<PullEffect>(out));
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
  CHECK(out.save.size() == 1);
}

TEST_CASE("a stop during a pull ends the task at once, and the late pull revives nothing") {
  Bench bench;
  bench.payload(oneContainer());
  Output out = bench.payload(stopOf(oneContainer()));
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
  Output late = bench.pulled();
  CHECK_FALSE(effect<CreateEffect>(late));
  CHECK(bench.main().known == ContainerStatus::Stopped);
}

TEST_CASE("a stop during a create ends the task at once, and what was made is never started but removed") {
  for (bool made : {true, false}) {
    Bench bench;
    bench.payload(oneContainer());
    bench.pulled();
    const Output stop = bench.payload(stopOf(oneContainer()));
    REQUIRE(effect<ReportEffect>(stop));
    CHECK(effect<ReportEffect>(stop)->report.status == TaskStatus::Stopped);
    bench.reported(effect<ReportEffect>(stop)->report);
    const Output late =
        made ? bench.created() : bench.done(CreateDone{kMain, makeError(Code::DeadlineExceeded, "late")});
    CHECK_FALSE(effect<StartEffect>(late));
    REQUIRE(bench.engine.nextDeadline());
    CHECK(*bench.engine.nextDeadline() > at(bench.second).mono);
    const Output cleaning = bench.timer();
    REQUIRE(effect<RemoveEffect>(cleaning));
    CHECK(effect<RemoveEffect>(cleaning)->id == bench.main().runtimeName);
  }
}

TEST_CASE("a stop during a start waits for it and stops what runs") {
  Bench bench;
  bench.payload(oneContainer());
  bench.pulled();
  bench.created();
  CHECK_FALSE(effect<StopEffect>(bench.payload(stopOf(oneContainer()))));
  Output out = bench.started();
  REQUIRE(effect<StopEffect>(out));
  CHECK(effect<StopEffect>(out)->id == "c1");
}

TEST_CASE("a stop has the container's own time, or else the agent's") {
  for (auto [given, expected] : {std::pair<std::optional<int64_t>, int64_t>{std::nullopt, 30},
                                 {std::optional<int64_t>(5), 5},
                                 {std::optional<int64_t>(0), 30},
                                 {std::optional<int64_t>(86400), 86400}}) {
    Bench bench;
    acs::Task task = oneContainer();
    task.containers[0].stopTimeout = given;
    bench.payload(task);
    bench.pulled();
    bench.created();
    bench.started();
    Output out = bench.payload(stopOf(task));
    REQUIRE(effect<StopEffect>(out));
    CHECK(effect<StopEffect>(out)->timeout == std::chrono::seconds(expected));
  }
}

TEST_CASE("a stop is done when the runtime says so, and reported with the exit code") {
  Bench bench;
  bench.runAndReport();
  bench.payload(stopOf(oneContainer()));
  Output out = bench.done(StopDone{kMain, exited("c1", 143)});
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
  CHECK(effect<ReportEffect>(out)->report.containers[0].exitCode == 143);
  CHECK(out.save.size() == 1);
}

TEST_CASE("a stop that fails is asked about and tried again") {
  Bench bench;
  bench.runAndReport();
  bench.payload(stopOf(oneContainer()));
  Output failed = bench.done(StopDone{
      kMain,
      makeError(Code::DeadlineExceeded, "Could not transition to stopped; timed out after waiting 2m30s")});
  CHECK(failed.effects.empty());
  CHECK(effect<InspectEffect>(bench.timer()));
  CHECK(effect<StopEffect>(bench.inspected(running("c1"))));
  CHECK(bench.main().known == ContainerStatus::Running);
}

TEST_CASE("a second wish to stop does not begin a second stop") {
  Bench bench;
  bench.runAndReport();
  bench.payload(stopOf(oneContainer()));
  CHECK_FALSE(effect<StopEffect>(bench.payload(stopOf(oneContainer()))));
}

TEST_CASE("an essential container that ends takes the others with it") {
  Bench bench;
  const ContainerKey side{kTaskArn, "side"};
  bench.payload(payload());
  bench.pulled();
  bench.created();
  bench.started();
  bench.pulled(side);
  bench.created(side, "c2");
  bench.reported(effect<ReportEffect>(bench.started(side, "c2"))->report);
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  Output out = bench.inspected(exited("c1", 1));
  REQUIRE(effect<StopEffect>(out));
  CHECK(effect<StopEffect>(out)->id == "c2");
}

TEST_CASE("an essential container that can't start ends those that were not yet created") {
  Bench bench;
  bench.payload(payload());
  Output out = bench.done(PullDone{kMain, makeError(Code::NotFound, "manifest unknown")});
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
  CHECK(effect<ReportEffect>(out)->report.containers.size() == 2);
}

TEST_CASE("what is STOPPED and yet runs is stopped again, at once") {
  Bench bench;
  bench.payload(oneContainer());
  bench.pulled();
  bench.created();
  bench.done(StartDone{kMain, makeError(Code::Internal, "EOF")});
  bench.inspected(std::nullopt);
  REQUIRE(bench.main().known == ContainerStatus::Stopped);
  Output out = bench.listed({labelled(running("c1"), kTaskArn)});
  REQUIRE(effect<StopEffect>(out));
  CHECK(effect<StopEffect>(out)->timeout == Duration::zero());
  CHECK(bench.listed({labelled(running("c1"), kTaskArn)}).effects.empty());
}

TEST_CASE("a start whose answer fails after the container was given up sets no deadline that has passed") {
  EngineOptions options;
  options.stopTimeout = std::chrono::seconds(10);
  options.stopGrace = std::chrono::seconds(5);
  Bench bench(options);
  bench.payload(oneContainer());
  bench.pulled();
  bench.created();
  bench.payload(stopOf(oneContainer()));
  // The runtime does not answer the start; the kernel says that nothing runs.
  const Output given_up = bench.timer();
  CHECK(bench.main().known == ContainerStatus::Stopped);
  REQUIRE(effect<ReportEffect>(given_up));
  bench.done(StartDone{kMain, makeError(Code::DeadlineExceeded, "Could not transition to started")});
  bench.reported(effect<ReportEffect>(given_up)->report);
  REQUIRE(bench.engine.nextDeadline());
  CHECK(*bench.engine.nextDeadline() > at(bench.second).mono + std::chrono::hours(1));
  CHECK_FALSE(bench.engine.stillWanted(kMain));
}

TEST_CASE("a stop during a restart by policy that the runtime does not answer is done in bounded time") {
  EngineOptions options;
  options.stopTimeout = std::chrono::seconds(10);
  options.stopGrace = std::chrono::seconds(5);
  Bench bench(options);
  const Life life(1);
  bench.run(life);
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  CHECK(effect<StartEffect>(bench.inspected(life.ended)));
  bench.payload(stopOf(startedAgain()));
  bench.timer();
  CHECK(bench.main().known == ContainerStatus::Stopped);
  CHECK(bench.main().exitCode == 1);
}

}  // namespace berth::agent
