#include "controller/explain/summary.hpp"

#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller {
namespace {

using sample::Bench;

TEST_CASE("the summary counts instances, tasks and services of each cluster") {
  Bench bench;
  bench.ready();
  bench.cluster("empty");
  bench.host();
  std::vector<std::string> arns;
  for (int i = 0; i < 4; ++i) arns.push_back(bench.runOne());
  for (int i = 1; i < 4; ++i) bench.report(arns[i], "RUNNING");
  bench.call("StopTask", {{"task", arns[2]}});
  bench.report(arns[3], "STOPPED");
  bench.call("CreateService", {{"serviceName", "web"}, {"taskDefinition", "app"}, {"desiredCount", 1}});
  const Json summary = summaryOf(bench.core.state(), bench.names);
  REQUIRE(summary["clusters"].size() == 2);
  const Json& cluster = summary["clusters"][0];
  CHECK(cluster["clusterName"] == "default");
  CHECK(cluster["status"] == "ACTIVE");
  CHECK(cluster["containerInstances"] == Json{{"registered", 2}, {"connected", 1}, {"draining", 0}});
  CHECK(cluster["tasks"] == Json{{"PROVISIONING", 0}, {"PENDING", 2}, {"RUNNING", 1}, {"STOPPING", 1}});
  CHECK(cluster["services"] == 1);
  CHECK(summary["clusters"][1]["containerInstances"]["registered"] == 0);
  CHECK(summary["tasks"] ==
        Json{{"PROVISIONING", 0}, {"PENDING", 2}, {"RUNNING", 1}, {"STOPPING", 1}, {"STOPPED", 1}});
}

}  // namespace
}  // namespace berth::controller
