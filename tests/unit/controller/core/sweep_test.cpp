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

TEST_CASE("a call that is repeated when its tasks are forgotten starts none, and says that they are gone") {
  ControllerOptions options;
  options.keepStopped = std::chrono::minutes(10);
  Bench bench(options);
  bench.ready();
  Json input{{"taskDefinition", "app"}, {"clientToken", "t"}};
  std::string ended = bench.runOne(input);
  bench.report(ended, "STOPPED");
  bench.wait(700);
  Json reply = bench.call("RunTask", input);
  CHECK(reply["tasks"].empty());
  CHECK(reply["failures"] == Json::array({{{"arn", ended}, {"reason", "MISSING"}}}));
  CHECK(bench.last.mutations.empty());
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

TEST_CASE("a forgotten task is gone from the API and from the store") {
  ControllerOptions options;
  options.keepStopped = std::chrono::minutes(10);
  Bench bench(options);
  std::string host = bench.ready();
  std::string ended = bench.runOne();
  bench.report(ended, "STOPPED");
  bench.wait(700);
  REQUIRE(bench.last.mutations.size() == 1);
  CHECK(bench.last.mutations[0].kind == Kind::Task);
  CHECK(ended.ends_with(bench.last.mutations[0].key));
  CHECK(bench.last.mutations[0].erases());
  CHECK(bench.call("DescribeTasks", {{"tasks", {ended}}})["failures"][0]["reason"] == "MISSING");
  CHECK(bench.core.state().tasksOn(host.substr(host.rfind('/') + 1)).empty());
}

TEST_CASE("a sweep with nothing old stores nothing") {
  Bench bench;
  bench.ready();
  bench.runOne();
  bench.wait(61);
  CHECK(bench.last.mutations.empty());
}

TEST_CASE("a report on a forgotten task is refused as on any unknown one") {
  ControllerOptions options;
  options.keepStopped = std::chrono::seconds(1);
  Bench bench(options);
  bench.ready();
  std::string ended = bench.runOne();
  bench.report(ended, "STOPPED");
  bench.wait(100);
  CHECK(bench.refusal("SubmitTaskStateChange", {{"task", ended}, {"status", "STOPPED"}}) ==
        "InvalidParameterException: The referenced task was not found.");
}

TEST_CASE("deleted clusters and capacity providers are described for their time, and then are gone") {
  ControllerOptions options;
  options.keepStopped = std::chrono::minutes(10);
  Bench bench(options);
  bench.cluster("kept");
  bench.cluster("gone");
  for (const char* name : {"kept", "gone"}) {
    bench.call("CreateCapacityProvider",
               {{"name", name}, {"autoScalingGroupProvider", {{"autoScalingGroupArn", name}}}});
  }
  bench.wait(700);
  bench.call("DeleteCluster", {{"cluster", "gone"}});
  bench.call("DeleteCapacityProvider", {{"capacityProvider", "gone"}});
  const auto left = [&](const char* operation, const char* member) {
    return bench.call(operation, {{member, {"kept", "gone"}}})[member].size();
  };
  bench.wait(500);
  CHECK(left("DescribeClusters", "clusters") == 2);
  CHECK(left("DescribeCapacityProviders", "capacityProviders") == 2);
  bench.wait(200);
  CHECK(bench.last.mutations.size() == 2);
  CHECK(left("DescribeClusters", "clusters") == 1);
  CHECK(left("DescribeCapacityProviders", "capacityProviders") == 1);
}
