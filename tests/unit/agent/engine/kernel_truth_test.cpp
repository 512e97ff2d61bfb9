// What lives is what the kernel says, not what the runtime says.
#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {
namespace {

using namespace sample;

/// A task with one running container; from here on the kernel answers by hand.
struct TruthBench : Bench {
  explicit TruthBench(EngineOptions given = {}) : Bench(given) {
    runAndReport();
    byHand = true;
  }
  Output reaped(bool left) { return done(ReapDone{kMain, left}); }
  Output ended(int code = 0) {
    engine.onRuntimeEvent(event("c1", "die"), now());
    return inspected(exited("c1", code));
  }
};

}  // namespace

TEST_CASE("a container that has ended is STOPPED once none of its processes is left") {
  TruthBench bench;
  Output out = bench.ended(3);
  const ReapEffect* look = effect<ReapEffect>(out);
  REQUIRE(look);
  CHECK_FALSE(look->kill);
  CHECK(look->target.containerId == "c1");
  CHECK(look->target.pid == 4711);
  CHECK(bench.main().known == ContainerStatus::Running);
  CHECK(effects<ReportEffect>(out).empty());
  out = bench.reaped(false);
  CHECK(bench.main().known == ContainerStatus::Stopped);
  CHECK(bench.main().exitCode == 3);
  CHECK_FALSE(effect<ReportEffect>(out));
  out = bench.done(TailDone{kMain, std::vector<std::string>{}});
  CHECK(effect<ReportEffect>(out));
}

TEST_CASE("processes that are left are ended before the container counts as STOPPED") {
  TruthBench bench;
  bench.ended();
  bench.reaped(true);
  CHECK(bench.main().known == ContainerStatus::Running);
  CHECK(bench.waiting()[0].what.find("the kernel") != std::string::npos);
  const Output out = bench.timer();
  const ReapEffect* again = effect<ReapEffect>(out);
  REQUIRE(again);
  CHECK(again->kill);
  bench.reaped(false);
  CHECK(bench.main().known == ContainerStatus::Stopped);
}

TEST_CASE("where the kernel can't be asked the runtime's word has to do in the end") {
  TruthBench bench;
  bench.ended(5);
  for (int i = 0; i < 20 && bench.main().known != ContainerStatus::Stopped; ++i) {
    bench.done(ReapDone{kMain, makeError(Code::Unavailable, "no /proc")});
    if (bench.main().known != ContainerStatus::Stopped) bench.timer();
  }
  CHECK(bench.main().known == ContainerStatus::Stopped);
  CHECK(bench.main().exitCode == 5);
}

TEST_CASE("a runtime that does not stop a container in time is helped by the kernel") {
  EngineOptions options;
  options.stopTimeout = std::chrono::seconds(10);
  options.stopGrace = std::chrono::seconds(5);
  TruthBench bench(options);
  Output out = bench.payload(stopOf(oneContainer()));
  REQUIRE(effect<StopEffect>(out));
  const auto waiting = bench.waiting();
  REQUIRE(waiting.size() == 1);
  REQUIRE(waiting[0].until);
  CHECK(*waiting[0].until - waiting[0].since == std::chrono::seconds(15));
  // The runtime says nothing.
  out = bench.timer();
  const ReapEffect* end = effect<ReapEffect>(out);
  REQUIRE(end);
  CHECK(end->kill);
  out = bench.reaped(false);
  CHECK(bench.main().known == ContainerStatus::Stopped);
  CHECK(bench.main().exitCode == 137);
  CHECK(bench.main().reason.starts_with("DockerTimeoutError: "));
  REQUIRE(effect<ReportEffect>(out));
  // Its answer comes late and changes nothing.
  out = bench.done(StopDone{kMain, exited("c1", 0)});
  CHECK(bench.main().exitCode == 137);
  CHECK(effects<StopEffect>(out).empty());
}

TEST_CASE("a runtime that stops in time is not helped") {
  TruthBench bench;
  bench.payload(stopOf(oneContainer()));
  const Output out = bench.done(StopDone{kMain, exited("c1", 0)});
  REQUIRE(effect<ReapEffect>(out));
  CHECK_FALSE(effect<ReapEffect>(out)->kill);
}

TEST_CASE("a container that the runtime has lost is STOPPED once none of its processes is left") {
  TruthBench bench;
  bench.engine.onRuntimeEvent(event("c1", "destroy"), bench.now());
  Output out = bench.inspected(std::nullopt);
  const ReapEffect* look = effect<ReapEffect>(out);
  REQUIRE(look);
  CHECK(look->target.containerId == "c1");
  bench.reaped(true);
  CHECK(bench.main().known == ContainerStatus::Running);
  out = bench.timer();
  REQUIRE(effect<ReapEffect>(out));
  CHECK(effect<ReapEffect>(out)->kill);
  out = bench.reaped(false);
  CHECK(bench.main().known == ContainerStatus::Stopped);
  CHECK(bench.main().reason == "ContainerVanishedError: No container matching saved ID found");
  CHECK(effects<TailEffect>(out).empty());
}

TEST_CASE("a process that can't be ended is looked for less and less often") {
  TruthBench bench;
  bench.ended();
  Duration before{};
  for (int i = 0; i < 12; ++i) {
    bench.reaped(true);
    REQUIRE(bench.main().retryAt);
    const Duration wait = *bench.main().retryAt - at(bench.second).mono;
    CHECK(wait >= before);
    CHECK(wait <= std::chrono::seconds(5));
    before = wait;
    bench.timer();
  }
  CHECK(before == std::chrono::seconds(5));
}

}  // namespace berth::agent
