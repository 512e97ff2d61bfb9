#include "controller/server/metrics.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller {
namespace {

using Catch::Contains;

TEST_CASE("calls are counted by operation and outcome, but for operations that are invented") {
  Metrics metrics([](Registry&) {});
  metrics.served("ListTasks", Json::object(), std::chrono::milliseconds(3));
  metrics.served("ListTasks", Json::object(), std::chrono::milliseconds(30));
  metrics.served("ListTasks", ApiError{"ClusterNotFoundException", "x"}, std::chrono::milliseconds(3));
  metrics.served("Invented", ApiError{"UnknownOperationException", "x"}, std::chrono::milliseconds(3));
  const std::string text = metrics.render();
  CHECK_THAT(text, Contains(R"(berth_api_served_total{operation="ListTasks",outcome="ok"} 2)"));
  CHECK_THAT(text, Contains(R"(outcome="ClusterNotFoundException"} 1)"));
  CHECK_THAT(text, !Contains("Invented"));
  CHECK_THAT(text, Contains(R"(berth_api_seconds_bucket{le="0.005"} 3)"));
  CHECK_THAT(text, Contains("berth_api_seconds_count 4"));
}

TEST_CASE("placements and failures are counted from the answers of launches") {
  Metrics metrics([](Registry&) {});
  const TasksReply answer{"{}", 2, {{{"reason", "AGENT"}}, {{"reason", "AGENT"}}}};
  metrics.served("RunTask", answer, {});
  metrics.served("DescribeTasks", answer, {});
  const std::string text = metrics.render();
  CHECK_THAT(text, Contains("berth_tasks_placed_total 2"));
  CHECK_THAT(text, Contains(R"(berth_placement_failures_total{reason="AGENT"} 2)"));
}

TEST_CASE("gauges follow the state, also down") {
  sample::Bench bench;
  bench.ready();
  const std::string arn = bench.runOne();
  Metrics metrics([&](Registry& registry) { measure(registry, bench.core.state()); });
  CHECK_THAT(metrics.render(), Contains(R"(berth_tasks{status="PENDING"} 1)"));
  CHECK_THAT(metrics.render(), Contains("berth_agents_connected 1"));
  bench.report(arn, "STOPPED");
  CHECK_THAT(metrics.render(), Contains(R"(berth_tasks{status="PENDING"} 0)"));
  CHECK_THAT(metrics.render(), Contains(R"(berth_tasks{status="STOPPED"} 1)"));
}

}  // namespace
}  // namespace berth::controller
