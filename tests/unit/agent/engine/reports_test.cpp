#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {

using namespace sample;

namespace {

const Error kAway = makeError(Code::Unavailable, "connection refused");

}  // namespace

TEST_CASE("a report is repeated until it is accepted") {
  Bench bench;
  Report report = effect<ReportEffect>(bench.run())->report;
  for (int i = 0; i < 8; ++i) {
    CHECK(effects<ReportEffect>(bench.done(ReportDone{report, kAway, false})).empty());
    REQUIRE(bench.engine.nextDeadline().has_value());
    CHECK(effects<ReportEffect>(bench.timer()).size() == 1);
  }
  Output accepted = bench.reported(report);
  CHECK(effects<ReportEffect>(accepted).empty());
  CHECK(accepted.save.size() == 1);
  CHECK(bench.task().sent == TaskStatus::Running);
}

TEST_CASE("a report that is rejected for good is dropped") {
  Bench bench;
  Report report = effect<ReportEffect>(bench.run())->report;
  Error unknown = makeError(Code::InvalidArgument, "The referenced task was not found.");
  Output dropped = bench.done(ReportDone{report, unknown, true});
  CHECK_FALSE(effect<ReportEffect>(dropped));
  CHECK(dropped.save.size() == 1);
  CHECK_FALSE(bench.engine.nextDeadline().has_value());
}

TEST_CASE("a repeated report tells the newest state") {
  Bench bench;
  Report report = effect<ReportEffect>(bench.run())->report;
  Now now = bench.now();
  bench.engine.onDone(ReportDone{report, kAway, false}, now);
  bench.engine.onRuntimeEvent(event("c1", "die"), now);
  std::optional<RuntimeContainer> seen = exited("c1", 1);
  CHECK_FALSE(effect<ReportEffect>(bench.engine.onDone(InspectDone{kMain, seen}, now)));
  CHECK_FALSE(effect<ReportEffect>(bench.engine.onDone(ReapDone{kMain, false}, now)));
  CHECK_FALSE(effect<ReportEffect>(bench.engine.onDone(TailDone{kMain, kAway}, now)));
  Output out = bench.timer();
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
}

TEST_CASE("one report of a task is on its way at a time") {
  Bench bench;
  bench.run();
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  CHECK_FALSE(effect<ReportEffect>(bench.inspected(exited("c1", 1))));
  CHECK_FALSE(effect<ReportEffect>(bench.engine.onTimer(at(bench.second + 60))));
}

TEST_CASE("at most ten reports are on their way, and each answer lets the next one go") {
  Bench bench;
  acs::PayloadMessage payload = message(oneContainer());
  payload.tasks.clear();
  for (int i = 0; i < 25; ++i) {
    payload.tasks.push_back(stopOf(oneContainer("arn:task/" + std::to_string(100 + i))));
  }
  std::vector<ReportEffect> open = effects<ReportEffect>(bench.engine.onMessage(payload, bench.now()));
  CHECK(open.size() == 10);
  CHECK(effects<ReportEffect>(bench.engine.onTimer(bench.now())).empty());
  size_t told = 0;
  while (!open.empty()) {
    REQUIRE(open.size() <= 10);
    Report report = open.back().report;
    open.pop_back();
    ++told;
    for (ReportEffect& next : effects<ReportEffect>(bench.reported(report))) open.push_back(std::move(next));
  }
  CHECK(told == 25);
  for (const auto& [arn, task] : bench.engine.tasks()) CHECK(task.sent == TaskStatus::Stopped);
}

TEST_CASE("a report that failed makes room for those of other tasks") {
  EngineOptions options;
  options.parallelReports = 1;
  Bench bench(options);
  Output first = bench.payload(stopOf(oneContainer("arn:task/a")));
  CHECK(effects<ReportEffect>(bench.payload(stopOf(oneContainer("arn:task/b")))).empty());
  Output failed = bench.done(ReportDone{effect<ReportEffect>(first)->report, kAway, false});
  REQUIRE(effects<ReportEffect>(failed).size() == 1);
  CHECK(effect<ReportEffect>(failed)->report.taskArn == "arn:task/b");
}

TEST_CASE("the delay between repetitions grows to its limit") {
  Bench bench;
  Report report = effect<ReportEffect>(bench.run())->report;
  for (int i = 0; i < 40; ++i) {
    Now now = bench.now();
    bench.engine.onDone(ReportDone{report, kAway, false}, now);
    REQUIRE(bench.engine.nextDeadline().has_value());
    Duration delay = *bench.engine.nextDeadline() - now.mono;
    CHECK(delay > Duration::zero());
    CHECK(delay <= bench.options.reportRetryMost);
    if (i > 10) CHECK(delay >= bench.options.reportRetryMost / 4);
    bench.timer();
  }
}

TEST_CASE("the answer to a report of a task that is gone is harmless") {
  Bench bench;
  Report report;
  report.taskArn = "arn:task/none";
  Report real = effect<ReportEffect>(bench.run())->report;
  real.taskArn = "arn:task/none";
  CHECK(bench.reported(real).effects.empty());
}

TEST_CASE("the end of a container that ended by itself is told with its last lines") {
  Bench bench;
  bench.reported(effect<ReportEffect>(bench.run())->report);
  bench.byHand = true;
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  bench.inspected(exited("c1", 1));
  Output out = bench.done(ReapDone{kMain, false});
  REQUIRE(effects<TailEffect>(out).size() == 1);
  CHECK(effects<ReportEffect>(out).empty());
  SECTION("they come") {
    out = bench.done(TailDone{kMain, std::vector<std::string>{"no such file", "bye"}});
    REQUIRE(effects<ReportEffect>(out).size() == 1);
    const Report& report = effect<ReportEffect>(out)->report;
    CHECK(report.status == TaskStatus::Stopped);
    CHECK(report.containers.at(0).lastLines == std::vector<std::string>{"no such file", "bye"});
  }
  SECTION("they can't be read") {
    out = bench.done(TailDone{kMain, kAway});
    REQUIRE(effects<ReportEffect>(out).size() == 1);
    CHECK(effect<ReportEffect>(out)->report.containers.at(0).lastLines.empty());
  }
  SECTION("they don't come in time") {
    REQUIRE(bench.engine.nextDeadline() == at(bench.second + 1).mono);
    out = bench.engine.onTimer(bench.now());
    REQUIRE(effects<ReportEffect>(out).size() == 1);
    CHECK_FALSE(bench.engine.nextDeadline() == at(bench.second).mono);
    out = bench.done(TailDone{kMain, std::vector<std::string>{"late"}});
    CHECK(effects<ReportEffect>(out).empty());
  }
}

}  // namespace berth::agent
