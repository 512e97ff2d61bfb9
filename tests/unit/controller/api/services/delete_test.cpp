#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::ServiceBench;

namespace {

Json deletion(ServiceBench& bench, bool force = false) {
  return bench.call("DeleteService", {{"service", "web"}, {"force", force}})["service"];
}

}  // namespace

TEST_CASE("a service without tasks is INACTIVE at once, and described but not listed") {
  ServiceBench bench;
  bench.create(ServiceBench::wanted({{"desiredCount", 0}, {"tags", {{{"key", "a"}, {"value", "1"}}}}}));
  const Json gone = deletion(bench);
  CHECK(gone["status"] == "INACTIVE");
  CHECK(gone["deployments"] == Json::array());
  CHECK(gone["tags"] == Json::array());
  CHECK(bench.described() == gone);
  CHECK(bench.call("ListServices")["serviceArns"].empty());
  const Json history = bench.call("ListServiceDeployments", {{"service", "web"}})["serviceDeployments"];
  CHECK(history[0]["status"] == "STOPPED");
  CHECK(history[0]["statusReason"] == "The service was deleted.");
}

TEST_CASE("a service that wants tasks is deleted by force alone") {
  ServiceBench bench;
  bench.create();
  CHECK(bench.refusal("DeleteService", {{"service", "web"}}) ==
        "InvalidParameterException: The service cannot be stopped while it is scaled above 0.");
  const Json gone = deletion(bench, true);
  CHECK(gone["status"] == "INACTIVE");
  CHECK(gone["desiredCount"] == 0);
}

TEST_CASE("a daemon is deleted as it is") {
  ServiceBench bench;
  bench.create(ServiceBench::daemon());
  const Json gone = deletion(bench);
  CHECK(gone["status"] == "INACTIVE");
  CHECK(gone["desiredCount"] == 0);
}

TEST_CASE("a service drains while it has tasks that neither stop nor have stopped") {
  for (const auto& [status, expected] :
       {std::pair(TaskStatus::Pending, "DRAINING"), std::pair(TaskStatus::Running, "DRAINING"),
        std::pair(TaskStatus::Stopping, "INACTIVE"), std::pair(TaskStatus::Stopped, "INACTIVE")}) {
    ServiceBench bench;
    const std::string deployment = bench.create()["deployments"][0]["id"];
    bench.put('a', "service:web", deployment, status);
    bench.put('b', "family:app", "", TaskStatus::Running);
    const Json gone = deletion(bench, true);
    CHECK(gone["status"] == expected);
    CHECK(gone["desiredCount"] == 0);
    CHECK(bench.call("ListServices")["serviceArns"].empty());
    if (gone["status"] == "DRAINING") CHECK(gone["deployments"][0]["desiredCount"] == 0);
  }
}

TEST_CASE("deleting a service again answers it while it drains, and finds none afterwards") {
  ServiceBench bench;
  const std::string deployment = bench.create()["deployments"][0]["id"];
  bench.put('a', "service:web", deployment);
  const Json first = deletion(bench, true);
  CHECK(deletion(bench) == first);
  CHECK(bench.last.mutations.empty());
  ServiceBench other;
  other.create();
  deletion(other, true);
  CHECK(other.refusal("DeleteService", {{"service", "web"}}) ==
        "ServiceNotFoundException: Service not found.");
}

TEST_CASE("what is not there is not deleted") {
  ServiceBench bench;
  CHECK(bench.refusal("DeleteService", {{"service", "web"}}) ==
        "ServiceNotFoundException: Service not found.");
  CHECK(bench.refusal("DeleteService", {{"service", "a/b"}}) ==
        "ServiceNotFoundException: Service not found.");
  CHECK(bench.refusal("DeleteService", {{"service", "web"}, {"cluster", "none"}}) ==
        "ClusterNotFoundException: Cluster not found.");
  CHECK_THAT(bench.refusal("DeleteService"), Catch::StartsWith("InvalidParameterException"));
}

TEST_CASE("task sets go with their service") {
  ServiceBench bench;
  bench.create(ServiceBench::external());
  const Json set{{"cluster", "default"}, {"service", "web"}, {"taskDefinition", "app"}};
  const std::string id = bench.call("CreateTaskSet", set)["taskSet"]["id"];
  bench.put('a', "service:web", id);
  Json gone = deletion(bench, true);
  CHECK(gone["status"] == "DRAINING");
  CHECK(gone == bench.described());
  const Json left = gone["taskSets"];
  REQUIRE(left.size() == 1);
  CHECK(left[0]["status"] == "DRAINING");
  CHECK(left[0]["scale"]["value"] == 0.0);

  ServiceBench other;
  other.create(ServiceBench::external());
  other.call("CreateTaskSet", set);
  gone = deletion(other, true);
  CHECK(gone["status"] == "INACTIVE");
  CHECK(gone["taskSets"].empty());
  CHECK(gone == other.described());
}

TEST_CASE("an INACTIVE service is forgotten in time, with its history") {
  ServiceBench bench;
  bench.create();
  deletion(bench, true);
  bench.wait(120);
  CHECK(bench.described()["status"] == "INACTIVE");
  bench.wait(3600);
  bench.wait(120);
  CHECK(bench.call("DescribeServices", {{"services", {"web"}}})["failures"].size() == 1);
  CHECK(bench.core.state().deploymentsOf("default/web").empty());
}
