// Where services' tasks are: the last ones on a host, waiting for one, and even over zones.
#include <map>

#include "tests/unit/controller/core/served.hpp"

using namespace berth;
using namespace berth::controller;
using sample::lastPartOf;
using sample::Served;

namespace {

struct Placed : Served {
  /// A host in an availability zone; answers its ARN.
  std::string in(const std::string& zone, Json more = Json::object()) {
    Json attributes = capable();
    attributes.push_back({{"name", "ecs.availability-zone"}, {"value", zone}});
    more["attributes"] = attributes;
    return joined(more);
  }
  std::map<std::string, int64_t> zones() {
    std::map<std::string, int64_t> out;
    for (const Task* task : tasks()) {
      const Attribute* zone = core.state().instance(task->instance)->attribute("ecs.availability-zone");
      ++out[zone ? zone->value.value_or("") : ""];
    }
    return out;
  }
  void drain(const std::string& host) {
    call("UpdateContainerInstancesState", {{"containerInstances", {host}}, {"status", "DRAINING"}});
  }
  /// A service whose strategy's only provider, with managed scaling, has no hosts yet.
  void createManaged(int64_t desired, Json more = Json::object()) {
    call("CreateCapacityProvider",
         {{"name", "rack"},
          {"autoScalingGroupProvider",
           {{"autoScalingGroupArn", "rack"}, {"managedScaling", {{"status", "ENABLED"}}}}}});
    call("PutClusterCapacityProviders", {{"cluster", "default"},
                                         {"capacityProviders", {"rack"}},
                                         {"defaultCapacityProviderStrategy", Json::array()}});
    more["capacityProviderStrategy"] = Json::array({{{"capacityProvider", "rack"}, {"weight", 1}}});
    create(desired, more);
  }
  std::string rack() {
    Json attributes = capable();
    attributes.push_back({{"name", "berth.capacity-provider"}, {"value", "rack"}});
    return joined({{"attributes", attributes}});
  }
  int64_t waiting() const { return std::ssize(core.state().waitingIn("default")); }
};

}  // namespace

TEST_CASE("a DAEMON's task leaves a DRAINING host when the last task of anything else has stopped") {
  Placed bench;
  bench.create(-1, {{"schedulingStrategy", "DAEMON"}});
  const std::string other = bench.joined();
  bench.call("CreateService", {{"serviceName", "app"}, {"taskDefinition", "app"}, {"desiredCount", 2}});
  const std::string alone =
      bench.call("StartTask", {{"taskDefinition", "app"}, {"containerInstances", {other}}})
          .at("tasks")[0]["taskArn"];
  bench.settle();
  const auto daemonThere = [&] {
    return std::ranges::any_of(bench.tasks(),
                               [&](const Task* task) { return task->instance == lastPartOf(other); });
  };
  const auto others = [&] {
    std::vector<std::string> out;
    for (const Task* task : bench.core.state().tasksOn(lastPartOf(other))) {
      if (task->spec->group != "service:web" && task->lastStatus != TaskStatus::Stopped) {
        out.push_back(bench.arnOf(*task));
      }
    }
    return out;
  };
  for (const std::string& arn : others()) bench.report(arn, "RUNNING");
  REQUIRE(daemonThere());
  bench.drain(other);
  bench.wait(10);
  // The task of the service is replaced and stopped, that of nobody goes on.
  for (const Task* task : bench.core.state().tasksOf("default/app")) {
    if (!task->stopWanted) bench.report(bench.arnOf(*task), "RUNNING");
  }
  bench.wait(10);
  for (const std::string& arn : others()) {
    if (arn != alone) bench.report(arn, "STOPPED");
  }
  bench.wait(10);
  REQUIRE(others() == std::vector<std::string>{alone});
  CHECK(daemonThere());
  CHECK(bench.web()["desiredCount"] == 1);
  // Its rollout goes on without it.
  bench.update({{"forceNewDeployment", true}});
  bench.settle();
  CHECK(bench.web()["deployments"].size() == 1);
  CHECK(bench.web()["deployments"][0]["rolloutState"] == "COMPLETED");
  CHECK(daemonThere());
  bench.report(alone, "STOPPED");
  CHECK_FALSE(daemonThere());
}

TEST_CASE("a DAEMON's task is the last on a host, and another DAEMON's does not hold it there") {
  Placed bench;
  bench.create(-1, {{"schedulingStrategy", "DAEMON"}});
  bench.call("CreateService",
             {{"serviceName", "log"}, {"taskDefinition", "app"}, {"schedulingStrategy", "DAEMON"}});
  bench.settle();
  bench.drain(bench.host_arn);
  CHECK(bench.tasks().empty());
}

TEST_CASE("tasks of a managed provider wait for its hosts, and the service says what for") {
  Placed bench;
  bench.createManaged(3);
  CHECK(bench.waiting() == 3);
  CHECK(bench.tasks().size() == 3);
  CHECK(bench.says("was unable to place a task because no container instance met all of its requirements."));
  CHECK(bench.web()["pendingCount"] == 0);
  bench.wait(300);
  CHECK(bench.tasks().size() == 3);
  const std::string host = bench.rack();
  CHECK(bench.waiting() == 0);
  CHECK(bench.core.state().tasksOn(lastPartOf(host)).size() == 3);
  bench.settle();
  CHECK(bench.web()["events"][0]["message"] == "(service web) has reached a steady state.");
}

TEST_CASE("tasks that wait are within the bounds of a rollout, and go with the scale") {
  Placed bench;
  bench.define("half", Json::array({sample::container("app", {{"cpu", 512}})}));
  bench.createManaged(2,
                      {{"taskDefinition", "half"}, {"deploymentConfiguration", {{"maximumPercent", 150}}}});
  bench.rack();
  bench.settle();
  CHECK(bench.tasks().size() == 2);
  bench.update({{"forceNewDeployment", true}});
  CHECK(bench.tasks().size() == 3);
  CHECK(bench.waiting() == 1);
  bench.wait(60);
  CHECK(bench.tasks().size() == 3);
  bench.rack();
  bench.settle();
  CHECK(bench.tasks(bench.stored().primary()->id).size() == 2);
  CHECK(bench.web()["deployments"].size() == 1);
  bench.update({{"desiredCount", 6}});
  CHECK(bench.waiting() == 2);
  bench.update({{"desiredCount", 4}});
  CHECK(bench.waiting() == 0);
  CHECK(bench.tasks().size() == 4);
}

TEST_CASE("a task that has waited for too long is no failure of its deployment, and another one waits") {
  Placed bench;
  bench.createManaged(4, {{"deploymentConfiguration",
                           {{"deploymentCircuitBreaker", {{"enable", true}, {"rollback", true}}}}}});
  const auto first = bench.arns();
  bench.wait(3601);
  bench.wait(1);
  CHECK(bench.waiting() == 4);
  CHECK(bench.arns() != first);
  CHECK(bench.stored().primary()->failedTasks == 0);
  CHECK(bench.stored().primary()->rollout == RolloutState::InProgress);
  CHECK(bench.task(first[0])["stoppedReason"] == "TaskFailedToStart: EMPTY CAPACITY PROVIDER");
}

TEST_CASE("a zone that comes back gets its part of a service's tasks, one after the other") {
  Placed bench;
  bench.call("DeregisterContainerInstance", {{"containerInstance", bench.host_arn}, {"force", true}});
  bench.in("a");
  bench.create(4);
  bench.settle();
  CHECK(bench.zones() == std::map<std::string, int64_t>{{"a", 4}});
  bench.in("b");
  CHECK(bench.tasks().size() == 5);
  CHECK(
      bench.says("(service web) is not AZ balanced with 4 tasks in a and 0 tasks in b. AZ Rebalancing in "
                 "progress."));
  CHECK(bench.says("(service web) has started 1 tasks in b to AZ Rebalance: (task "));
  bench.settle();
  CHECK(bench.zones() == std::map<std::string, int64_t>{{"a", 2}, {"b", 2}});
  CHECK(bench.says("(service web) has stopped 1 running tasks in a due to AZ rebalancing: (task "));
  CHECK(bench.says("(service web) is AZ balanced with 2 tasks in a and 2 tasks in b."));
  CHECK(bench.web()["events"][0]["message"] == "(service web) has reached a steady state.");
  bench.wait(600);
  CHECK(bench.last.mutations.empty());
}

TEST_CASE("a zone without room is told of once, and gets its task when there is some") {
  Placed bench;
  bench.call("DeregisterContainerInstance", {{"containerInstance", bench.host_arn}, {"force", true}});
  bench.in("a");
  bench.create(3);
  bench.settle();
  const std::string full = bench.in("b", {{"status", "DRAINING"}});
  bench.define("big", Json::array({sample::container("app", {{"cpu", 1024}})}));
  bench.settle();
  bench.call("UpdateContainerInstancesState", {{"containerInstances", {full}}, {"status", "ACTIVE"}});
  bench.settle();
  CHECK(bench.zones() == std::map<std::string, int64_t>{{"a", 2}, {"b", 1}});
}

TEST_CASE("services whose users want no rebalancing are left as they are") {
  for (const Json& more :
       {Json{{"availabilityZoneRebalancing", "DISABLED"}},
        Json{{"placementStrategy", Json::array({{{"type", "binpack"}, {"field", "cpu"}}})}},
        Json{{"deploymentConfiguration", {{"maximumPercent", 100}, {"minimumHealthyPercent", 50}}}}}) {
    CAPTURE(more.dump());
    Placed bench;
    bench.call("DeregisterContainerInstance", {{"containerInstance", bench.host_arn}, {"force", true}});
    bench.in("a");
    bench.create(4, more);
    bench.settle();
    bench.in("b");
    bench.settle();
    CHECK(bench.zones() == std::map<std::string, int64_t>{{"a", 4}});
    CHECK_FALSE(bench.says("AZ Rebalancing"));
  }
}
