#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

TEST_CASE("stopped tasks are forgotten after their time, others are kept") {
  ControllerOptions options;
  options.keepStopped = std::chrono::minutes(10);
  Bench bench(options);
  bench.ready();
  std::string kept = bench.runOne();
  std::string ended = bench.runOne();
  bench.report(ended, "STOPPED");
  bench.wait(599);
  CHECK(bench.core.state().tasks().size() == 2);
  bench.wait(62);
  CHECK(bench.core.state().tasks().size() == 1);
  CHECK(bench.task(kept)["taskArn"] == kept);
}

TEST_CASE("client tokens are forgotten after their time") {
  ControllerOptions options;
  options.keepTokens = std::chrono::minutes(10);
  Bench bench(options);
  bench.ready();
  bench.runOne({{"taskDefinition", "app"}, {"clientToken", "t"}});
  CHECK(bench.core.state().tokens().size() == 1);
  bench.wait(700);
  CHECK(bench.core.state().tokens().empty());
}
