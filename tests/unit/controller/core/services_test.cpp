// Services that run: the whole core with an agent that is played by hand.
#include "tests/unit/controller/core/served.hpp"

using namespace berth;
using namespace berth::controller;
using sample::Bench;
using sample::lastPartOf;
using sample::quick;
using sample::Served;

TEST_CASE("a service starts its tasks with the call that makes it, and says when it is steady") {
  Served bench;
  bench.create(3, {{"tags", Json::array({{{"key", "team"}, {"value", "a"}}})},
                   {"propagateTags", "SERVICE"},
                   {"enableECSManagedTags", true}});
  CHECK(bench.sent<acs::PayloadMessage>().size() == 1);
  const auto tasks = bench.tasks();
  REQUIRE(tasks.size() == 3);
  const Json shown = bench.task(bench.arnOf(*tasks[0]));
  CHECK(shown["group"] == "service:web");
  CHECK(shown["startedBy"] == bench.stored().primary()->id);
  const Json tags = bench.call("DescribeTasks", {{"tasks", {bench.arnOf(*tasks[0])}}, {"include", {"TAGS"}}});
  CHECK(tags["tasks"][0]["tags"] ==
        Json::parse(R"([{"key":"team","value":"a"},{"key":"aws:ecs:clusterName","value":"default"},
                        {"key":"aws:ecs:serviceName","value":"web"}])"));
  CHECK(bench.web()["pendingCount"] == 3);
  bench.settle();
  const Json web = bench.web();
  CHECK(web["runningCount"] == 3);
  CHECK(web["deployments"][0]["rolloutState"] == "COMPLETED");
  CHECK(web["events"][0]["message"] == "(service web) has reached a steady state.");
  CHECK(web["events"].back()["message"].get<std::string>().starts_with(
      "(service web) has started 3 tasks: (task "));
  bench.wait(3600);
  CHECK(bench.last.mutations.empty());
}

TEST_CASE("a roll replaces all tasks, and the history says so") {
  Served bench;
  bench.create(4);
  bench.settle();
  bench.define("app", Json::array({sample::container("app", {{"cpu", 64}, {"memory", 33}})}));
  bench.update({{"taskDefinition", "app"}});
  const std::string fresh = bench.stored().primary()->id;
  CHECK(bench.tasks(fresh).size() == 4);
  CHECK(bench.tasks().size() == 8);
  bench.settle();
  CHECK(bench.tasks().size() == 4);
  CHECK(bench.tasks(fresh).size() == 4);
  CHECK(bench.web()["deployments"].size() == 1);
  CHECK(bench.says("has stopped 1 running tasks: (task "));
  const Json listed = bench.call("ListServiceDeployments", {{"service", "web"}})["serviceDeployments"];
  CHECK(listed[0]["status"] == "SUCCESSFUL");
  CHECK(listed[1]["status"] == "SUCCESSFUL");
  bench.update({{"desiredCount", 1}});
  bench.settle();
  CHECK(bench.tasks().size() == 1);
  bench.update({{"desiredCount", 0}});
  bench.settle();
  CHECK(bench.tasks().empty());
  bench.update({{"desiredCount", 2}});
  CHECK(bench.tasks().size() == 2);
}

TEST_CASE("without room it says why, once, and goes on as soon as there is some") {
  Served bench;
  bench.define("big", Json::array({sample::container("app", {{"cpu", 800}})}));
  bench.create(2, {{"taskDefinition", "big"}});
  CHECK(bench.tasks().size() == 1);
  const std::string why =
      "(service web) was unable to place a task because no container instance met all of its requirements. "
      "The "
      "closest matching (container-instance " +
      lastPartOf(bench.host_arn) + ") has insufficient CPU units available.";
  CHECK(bench.says(why));
  const size_t events = bench.stored().events.size();
  bench.wait(30);
  bench.report(bench.arnOf(*bench.tasks()[0]), "RUNNING");
  CHECK(bench.stored().events.size() == events);
  bench.joined();
  CHECK(bench.tasks().size() == 2);
}

TEST_CASE("a cluster without hosts is named as the reason") {
  Bench bench;
  bench.cluster();
  bench.define("app");
  bench.call("CreateService", {{"serviceName", "web"}, {"taskDefinition", "app"}, {"desiredCount", 1}});
  CHECK(bench.core.state().service("default/web")->events.at(0).message ==
        "(service web) was unable to place a task because no container instance met all of its requirements. "
        "Reason: No Container Instances were found in your cluster.");
  bench.join(bench.host());
  CHECK(bench.core.state().tasksOf("default/web").size() == 1);
}

TEST_CASE("a revision that crashes is rolled back by the breaker, and healthy tasks are left alone") {
  Served bench;
  bench.create(2, {{"deploymentConfiguration",
                    {{"deploymentCircuitBreaker", {{"enable", true}, {"rollback", true}}}}}});
  bench.settle();
  const std::string good = bench.stored().primary()->id;
  const auto before = bench.arns(good);
  bench.update({{"forceNewDeployment", true}});
  const std::string bad = bench.stored().primary()->id;
  for (int i = 0; i < 10 && bench.stored().primary()->id == bad; ++i) {
    for (const std::string& arn : bench.arns(bad)) bench.crash(arn, 3);
    bench.wait(5);
  }
  CHECK(bench.stored().primary()->id == good);
  CHECK(bench.says("(service web) rolling back to deployment " + good + "."));
  CHECK(bench.says("failed: container app exited with code 3."));
  bench.settle();
  CHECK(bench.arns(good) == before);
  CHECK(bench.tasks().size() == 2);
  const Json listed = bench.call("ListServiceDeployments", {{"service", "web"}})["serviceDeployments"];
  CHECK(listed[0]["status"] == "ROLLBACK_SUCCESSFUL");
  const Json shown = bench.call("DescribeServiceDeployments",
                                {{"serviceDeploymentArns", {listed[0]["serviceDeploymentArn"]}}});
  CHECK(shown["serviceDeployments"][0]["deploymentCircuitBreaker"]["status"] == "TRIGGERED");
  CHECK(bench.web()["deployments"].size() == 1);
}

TEST_CASE("a rollout that is stopped goes back, also to a deployment that has no tasks any more") {
  Served bench;
  bench.create(2, {{"deploymentConfiguration", {{"minimumHealthyPercent", 0}, {"maximumPercent", 100}}}});
  bench.settle();
  bench.define("app", Json::array({sample::container("app", {{"cpu", 65}, {"memory", 32}})}));
  bench.update({{"taskDefinition", "app"}});
  const Json current = bench.web()["currentServiceDeployment"];
  CHECK(bench.web()["taskDefinition"].get<std::string>().ends_with("app:2"));
  bench.call("StopServiceDeployment", {{"serviceDeploymentArn", current}});
  CHECK(bench.stored().primary()->taskDefinition == "app:1");
  CHECK(bench.stored().primary()->rolloutReason ==
        "ECS deployment was stopped by arn:aws:iam::000000000000:user/test: rolling back to deploymentId " +
            bench.stored().primary()->id + ".");
  bench.settle();
  const Json web = bench.web();
  CHECK(web["taskDefinition"].get<std::string>().ends_with("app:1"));
  CHECK(web["runningCount"] == 2);
  CHECK(web["deployments"].size() == 1);
  const Json shown = bench.call("DescribeServiceDeployments", {{"serviceDeploymentArns", {current}}});
  CHECK(shown["serviceDeployments"][0]["status"] == "ROLLBACK_SUCCESSFUL");
}

TEST_CASE("a definition that was deleted can't be rolled back to, and that is said") {
  Served bench;
  const Json breaker{
      {"enable", true}, {"rollback", true}, {"thresholdConfiguration", {{"type", "COUNT"}, {"value", 1}}}};
  bench.create(
      1, {{"deploymentConfiguration",
           {{"minimumHealthyPercent", 0}, {"maximumPercent", 100}, {"deploymentCircuitBreaker", breaker}}}});
  bench.settle();
  const std::string old = bench.arns().at(0);
  bench.define("app", Json::array({sample::container("app", {{"cpu", 65}, {"memory", 32}})}));
  bench.update({{"taskDefinition", "app"}});
  bench.report(old, "STOPPED");
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "app:1"}});
  bench.call("DeleteTaskDefinitions", {{"taskDefinitions", {"app:1"}}});
  for (int i = 0; i < 3; ++i) bench.wait(3700);
  REQUIRE_FALSE(bench.core.state().definition("app:1"));
  CHECK(bench.refusal("StopServiceDeployment",
                      {{"serviceDeploymentArn", bench.web()["currentServiceDeployment"]}}) ==
        "InvalidParameterException: The task definition of the last completed deployment of the service web "
        "was "
        "deleted, so there is nothing to roll back to: use the stopType ABORT, or update the service.");
  bench.session = bench.join(bench.host_arn);
  for (const std::string& arn : bench.arns()) bench.crash(arn);
  CHECK(bench.stored().primary()->rollout == RolloutState::Failed);
  CHECK(bench.says(
      "could not be rolled back: the service has no completed deployment, or the task definition of "
      "the last one was deleted."));
  CHECK(bench.web()["taskDefinition"].get<std::string>().ends_with("app:2"));
}

TEST_CASE("a controller that is started anew in the middle of a roll goes on") {
  Served first;
  first.create(4);
  first.settle();
  first.update({{"forceNewDeployment", true}});
  first.arrive();
  const auto entities = first.all();
  Served second;
  second.core.load(entities);
  second.second = first.second;
  second.session = second.join(first.host_arn);
  second.settle();
  CHECK(second.tasks(first.stored().primary()->id).size() == 4);
  CHECK(second.tasks().size() == 4);
  CHECK(second.web()["deployments"][0]["rolloutState"] == "COMPLETED");
}

TEST_CASE("tasks of a lost host are replaced after a while, and ended first when it returns") {
  Served bench;
  const std::string other = bench.joined();
  bench.create(2);
  bench.settle();
  const SessionId session = bench.session;
  bench.last = Output();
  bench.core.disconnect(session, bench.tick(), bench.last);
  bench.wait(5);
  CHECK(bench.tasks().size() == 2);
  const auto gone = bench.core.state().tasksOn(lastPartOf(other));
  REQUIRE(gone.size() == 1);
  const std::string lost = gone[0]->id;
  bench.wait(10);
  CHECK(bench.tasks().size() == 2);
  CHECK(bench.core.state().task(lost)->stopWanted);
  for (const Task* task : bench.tasks()) CHECK(task->instance == lastPartOf(bench.host_arn));
  bench.join(other);
  const auto manifest = bench.sent<acs::TaskManifestMessage>().at(0);
  REQUIRE(manifest.tasks.size() == 1);
  CHECK(manifest.tasks[0].desiredStatus == "STOPPED");
}

TEST_CASE("a host that returns in time keeps its tasks") {
  Served bench;
  bench.create(2);
  bench.settle();
  const auto before = bench.arns();
  bench.last = Output();
  bench.core.disconnect(bench.session, bench.tick(), bench.last);
  bench.wait(5);
  bench.join(bench.host_arn);
  bench.wait(60);
  CHECK(bench.arns() == before);
}

TEST_CASE("many hosts that are lost together are given up in steps") {
  LostHosts lost({});
  const MonoTime start{};
  for (int i = 0; i < 25; ++i) lost.left("host-" + std::to_string(i), start);
  CHECK(lost.giveUp(start + std::chrono::seconds(9)).empty());
  CHECK(lost.giveUp(start + std::chrono::seconds(10)).size() == 10);
  CHECK(lost.giveUp(start + std::chrono::seconds(10)).empty());
  CHECK(lost.nextDeadline() == start + std::chrono::milliseconds(10'100));
  CHECK(lost.giveUp(start + std::chrono::milliseconds(10'100)).size() == 10);
  CHECK(lost.giveUp(start + std::chrono::milliseconds(10'200)).size() == 5);
  CHECK(lost.isLost("host-3"));
  CHECK(lost.returned("host-3"));
  CHECK_FALSE(lost.isLost("host-3"));
  CHECK_FALSE(lost.nextDeadline());
}

TEST_CASE("tasks of a DRAINING host move within the bounds, protected ones stay") {
  Served bench;
  const std::string other = bench.joined();
  bench.create(4);
  bench.settle();
  std::vector<const Task*> there = bench.core.state().tasksOn(lastPartOf(other));
  REQUIRE(there.size() == 2);
  const std::string kept = there[0]->id;
  bench.call("UpdateTaskProtection",
             {{"cluster", "default"}, {"tasks", {bench.arnOf(*there[0])}}, {"protectionEnabled", true}});
  bench.call("UpdateContainerInstancesState", {{"containerInstances", {other}}, {"status", "DRAINING"}});
  CHECK(bench.tasks().size() == 6);
  bench.settle();
  CHECK(bench.core.state().load(lastPartOf(other)).running == 1);
  CHECK_FALSE(bench.core.state().task(kept)->stopWanted);
  bench.call("UpdateTaskProtection",
             {{"cluster", "default"}, {"tasks", {kept}}, {"protectionEnabled", false}});
  bench.settle();
  CHECK(bench.core.state().task(kept)->lastStatus == TaskStatus::Stopped);
  CHECK(bench.tasks().size() == 4);
}

TEST_CASE("a DAEMON has a task on each host, also on one that joins later") {
  Served bench;
  bench.create(-1, {{"schedulingStrategy", "DAEMON"}});
  bench.settle();
  CHECK(bench.tasks().size() == 1);
  const std::string other = bench.joined();
  REQUIRE(bench.core.state().tasksOn(lastPartOf(other)).size() == 1);
  bench.settle();
  CHECK(bench.web()["runningCount"] == 2);
  CHECK(bench.web()["desiredCount"] == 2);
  bench.update({{"forceNewDeployment", true}});
  bench.settle();
  CHECK(bench.web()["deployments"].size() == 1);
  CHECK(bench.tasks(bench.stored().primary()->id).size() == 2);
  bench.call("UpdateContainerInstancesState", {{"containerInstances", {other}}, {"status", "DRAINING"}});
  bench.settle();
  CHECK(bench.tasks().size() == 1);
}

TEST_CASE("task sets have their tasks") {
  Served bench;
  bench.call("CreateService",
             {{"serviceName", "web"}, {"desiredCount", 4}, {"deploymentController", {{"type", "EXTERNAL"}}}});
  const auto made = [&](int64_t scale) {
    return bench.call("CreateTaskSet", {{"service", "web"},
                                        {"cluster", "default"},
                                        {"taskDefinition", "app"},
                                        {"scale", {{"value", scale}, {"unit", "PERCENT"}}}})["taskSet"];
  };
  const std::string half = made(50)["id"];
  const std::string all = made(100)["id"];
  bench.settle();
  CHECK(bench.tasks(half).size() == 2);
  CHECK(bench.tasks(all).size() == 4);
  const Json shown = bench.call("DescribeTaskSets", {{"cluster", "default"}, {"service", "web"}});
  CHECK(shown["taskSets"][0]["stabilityStatus"] == "STEADY_STATE");
  bench.call("DeleteTaskSet",
             {{"cluster", "default"}, {"service", "web"}, {"taskSet", half}, {"force", true}});
  bench.settle();
  CHECK(bench.tasks(half).empty());
  CHECK(bench.core.state().taskSetsOf("default/web").size() == 1);
}

TEST_CASE("a deleted service drains, is INACTIVE then, and its name is free") {
  Served bench;
  bench.create(3);
  bench.settle();
  CHECK(bench.call("DeleteService", {{"service", "web"}, {"force", true}})["service"]["status"] ==
        "DRAINING");
  bench.settle();
  CHECK(bench.web()["status"] == "INACTIVE");
  CHECK(bench.tasks().empty());
  bench.create(1);
  CHECK(bench.tasks().size() == 1);
}

TEST_CASE("a call starts a bounded number of tasks, and the timer goes on at once") {
  ControllerOptions options = quick();
  options.services.mostStarts = 2;
  Served bench(options);
  bench.create(5);
  CHECK(bench.tasks().size() == 2);
  CHECK(bench.core.nextDeadline() <= bench.at(bench.second).mono);
  bench.wait(1);
  bench.wait(1);
  CHECK(bench.tasks().size() == 5);
}

TEST_CASE("a task with health checks counts when it is HEALTHY") {
  Served bench;
  Json checked = sample::container("app", {{"cpu", 64}, {"memory", 32}});
  checked["healthCheck"] = {{"command", {"CMD", "true"}}};
  bench.define("checked", Json::array({checked}));
  bench.create(1, {{"taskDefinition", "checked"}});
  bench.settle();
  CHECK(bench.web()["deployments"][0]["rolloutState"] == "IN_PROGRESS");
  const std::string arn = bench.arnOf(*bench.tasks()[0]);
  bench.core.onHealth(arn, "app", "HEALTHY", bench.tick(), bench.last);
  CHECK(bench.web()["deployments"][0]["rolloutState"] == "COMPLETED");
  bench.core.onHealth(arn, "app", "UNHEALTHY", bench.tick(), bench.last);
  CHECK(bench.tasks().size() == 2);
}

TEST_CASE(
    "a service has a rest after a look, as long as it is large, and then what changed is looked at once") {
  ControllerOptions options = quick();
  options.services.restPerTask = std::chrono::seconds(2);
  Served bench(options);
  bench.create(2);
  CHECK(bench.tasks().size() == 2);
  bench.settle();
  // Looks that were put off are made, until none is left.
  for (int i = 0; i < 5; ++i) bench.wait(9);
  const auto arns = bench.arns();
  bench.crash(arns[0]);
  CHECK(bench.tasks().size() == 2);
  bench.crash(arns[1]);
  CHECK(bench.tasks().size() == 1);
  CHECK(bench.core.nextDeadline() > bench.at(bench.second).mono);
  bench.wait(4);
  CHECK(bench.tasks().size() == 2);
}
