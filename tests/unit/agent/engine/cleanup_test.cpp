#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {

using namespace sample;

namespace {

/// A task that never ran and is reported as STOPPED.
void stopAndReport(Bench& bench) {
  Output out = bench.payload(stopOf(oneContainer()));
  bench.reported(effect<ReportEffect>(out)->report);
}

}  // namespace

TEST_CASE("a stopped task is removed and forgotten after the delay") {
  Bench bench;
  stopAndReport(bench);
  int64_t due = 1 + 3 * 3600;
  CHECK(bench.engine.onTimer(at(due - 1)).effects.empty());
  Output removing = bench.engine.onTimer(at(due));
  REQUIRE(effect<RemoveEffect>(removing));
  CHECK(effect<RemoveEffect>(removing)->id == bench.main().runtimeName);
  CHECK(effect<RemoveEffect>(removing)->force);
  CHECK(bench.engine.onTimer(at(due + 1)).effects.empty());
  Output gone = bench.engine.onDone(RemoveDone{kMain, Status()}, at(due + 2));
  CHECK(gone.erase == std::vector<std::string>{kTaskArn});
  CHECK(gone.save.empty());
  CHECK(bench.engine.tasks().empty());
}

TEST_CASE("a task is removed after the delay although the wall clock is set meanwhile") {
  Bench bench;
  const Output out = bench.payload(stopOf(oneContainer()));
  Now set = bench.now();
  set.wall += std::chrono::hours(24);
  bench.engine.onDone(ReportDone{effect<ReportEffect>(out)->report, Status(), false}, set);
  const int64_t due = 1 + 3 * 3600;
  CHECK_FALSE(effect<RemoveEffect>(bench.engine.onTimer(at(due - 1))));
  CHECK(effect<RemoveEffect>(bench.engine.onTimer(at(due))));
}

TEST_CASE("a payload that comes late does not begin a task anew whose end was told long after it") {
  Bench bench;
  const Output out = bench.payload(stopOf(oneContainer()));
  bench.second = 10 * 3600;
  CHECK_FALSE(effect<RemoveEffect>(bench.reported(effect<ReportEffect>(out)->report)));
  const Output late = bench.payload(oneContainer());
  CHECK_FALSE(effect<PullEffect>(late));
  CHECK(bench.main().known == ContainerStatus::Stopped);
  CHECK(effect<RemoveEffect>(bench.engine.onTimer(at(bench.second + 60))));
}

TEST_CASE("a task whose end the controller does not know yet is kept") {
  Bench bench;
  bench.payload(stopOf(oneContainer()));
  Output out = bench.engine.onTimer(at(10 * 3600));
  CHECK_FALSE(effect<RemoveEffect>(out));
  CHECK(bench.engine.tasks().size() == 1);
}

TEST_CASE("a task that was refused has nothing to remove and is forgotten after the delay") {
  Bench bench;
  acs::PayloadMessage payload = message(oneContainer());
  payload.tasks.clear();
  payload.refused.push_back({"arn:task/bad", "UnrecogniedTaskError: Error loading task - x"});
  Output out = bench.engine.onMessage(payload, bench.now());
  bench.reported(effect<ReportEffect>(out)->report);
  CHECK(bench.engine.onTimer(at(4 * 3600)).erase == std::vector<std::string>{"arn:task/bad"});
}

TEST_CASE("a container that is gone already counts as removed") {
  Bench bench;
  stopAndReport(bench);
  bench.engine.onTimer(at(4 * 3600));
  Output gone =
      bench.engine.onDone(RemoveDone{kMain, makeError(Code::NotFound, "no such container")}, at(4 * 3600));
  CHECK(gone.erase.size() == 1);
}

TEST_CASE("a removal that fails is tried again, later each time, until it succeeds") {
  Bench bench;
  stopAndReport(bench);
  bench.second = 4 * 3600;
  bench.engine.onTimer(bench.now());
  for (int i = 0; i < 6; ++i) {
    bench.done(RemoveDone{kMain, makeError(Code::Internal, "device busy")});
    CHECK(bench.engine.tasks().size() == 1);
    REQUIRE(bench.engine.nextDeadline().has_value());
    CHECK(effects<RemoveEffect>(bench.timer()).size() == 1);
  }
  CHECK(bench.done(RemoveDone{kMain, Status()}).erase.size() == 1);
}

TEST_CASE("a task goes once the last of its containers has") {
  Bench bench;
  Output out = bench.payload(stopOf(payload()));
  bench.reported(effect<ReportEffect>(out)->report);
  CHECK(effects<RemoveEffect>(bench.engine.onTimer(at(4 * 3600))).size() == 2);
  bench.second = 4 * 3600;
  CHECK(bench.done(RemoveDone{kMain, Status()}).erase.empty());
  CHECK(bench.done(RemoveDone{{kTaskArn, "side"}, Status()}).erase.size() == 1);
}

TEST_CASE("the delay counts from the end of the task, across a restart") {
  Bench before;
  stopAndReport(before);
  Task stored = before.task();
  stored.cleanUpAt.reset();
  Bench bench;
  bench.second = 7200;
  bench.engine.restore({stored}, 0, bench.now());
  bench.listed({});
  CHECK(effects<RemoveEffect>(bench.engine.onTimer(at(3 * 3600 - 10))).empty());
  CHECK(effects<RemoveEffect>(bench.engine.onTimer(at(3 * 3600 + 2))).size() == 1);
}

TEST_CASE("a container that is being removed is not looked into") {
  Bench bench;
  bench.runAndReport();
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  bench.reported(effect<ReportEffect>(bench.inspected(exited("c1", 0)))->report);
  bench.second = 4 * 3600;
  REQUIRE(effect<RemoveEffect>(bench.engine.onTimer(bench.now())));
  CHECK(bench.engine.onRuntimeEvent(event("c1", "destroy"), bench.now()).effects.empty());
}

}  // namespace berth::agent
