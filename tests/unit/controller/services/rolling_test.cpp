// The course of a rollout: who goes first, when a task counts as healthy, what is written down.
#include "tests/unit/controller/services/village.hpp"

using namespace berth;
using namespace berth::controller;
using sample::at;
using sample::Village;

TEST_CASE("a new service starts its tasks at once, and is steady when they run") {
  Village village(3);
  village.settle();
  CHECK(village.of("ecs-svc/1") == 3);
  CHECK(village.view.rollout->status == ServiceDeploymentStatus::InProgress);
  CHECK(village.primary().desiredCount == 3);
  village.arrive();
  village.settle();
  CHECK(village.primary().rollout == RolloutState::InProgress);
  // The first have to run for a moment.
  CHECK(village.plan.lookAgain == at(2));
  village.second = 2;
  village.settle();
  CHECK(village.primary().rollout == RolloutState::Completed);
  CHECK(village.primary().rolloutReason == "ECS deployment ecs-svc/1 completed.");
  CHECK(village.view.rollout->status == ServiceDeploymentStatus::Successful);
  CHECK(village.said == std::vector<std::string>{"(service web) (deployment ecs-svc/1) deployment completed.",
                                                 "(service web) has reached a steady state."});
  CHECK_FALSE(village.plan.lookAgain);
}

TEST_CASE("once one task of a deployment has shown that it stays up, the others count as soon as they run") {
  Village village(10, 100, 110);
  village.roll();
  village.deploy();
  const int64_t begun = village.second;
  village.roll();
  CHECK(village.primary().rollout == RolloutState::Completed);
  // One at a time, a second each, and one wait.
  CHECK(village.second - begun <= 14);
}

TEST_CASE("a service that is steady is left alone") {
  Village village(4);
  village.roll();
  const size_t said = village.said.size();
  village.second += 100'000;
  village.look();
  CHECK(village.plan.service == village.view.service);
  CHECK(village.starts() + village.stops() == 0);
  CHECK(village.said.size() == said);
  CHECK_FALSE(village.plan.rollout);
}

TEST_CASE("a task that ends is replaced at once, without a new rollout") {
  Village village(4);
  village.roll();
  village.view.tasks.pop_back();
  village.look();
  CHECK(village.starts() == 1);
  village.view.service.addEvent({"e", at(village.second), "(service web) has started 1 tasks: (task a)."});
  village.arrive();
  village.settle();
  CHECK(village.said.back() == "(service web) has reached a steady state.");
  CHECK(village.primary().rollout == RolloutState::Completed);
}

TEST_CASE("scaled to nothing and back") {
  Village village(4);
  village.roll();
  village.view.service.desiredCount = 0;
  village.settle();
  CHECK(village.view.tasks.empty());
  village.view.service.desiredCount = 2;
  village.settle();
  CHECK(village.view.tasks.size() == 2);
}

TEST_CASE(
    "scaled in, tasks go that do not run yet, then those of the fullest zone and host, the youngest first") {
  Village village(0);
  village.settle();
  const auto add = [&](const std::string& host, bool running) {
    ServiceTask& task = village.make("ecs-svc/1", host);
    ++village.second;
    if (running) Village::start(task, at(0));
    return std::string(task.id);
  };
  add("host-1", true);
  const std::string second = add("host-1", true);
  const std::string third = add("host-1", true);
  add("host-2", true);
  const std::string pending = add("host-2", false);
  village.view.service.desiredCount = 2;
  village.second += 10;
  village.look();
  REQUIRE(village.plan.stops.size() == 3);
  CHECK(village.plan.stops[0].task == pending);
  CHECK_FALSE(village.plan.stops[0].running);
  CHECK(village.plan.stops[1].task == third);
  CHECK(village.plan.stops[2].task == second);
  CHECK(village.plan.stops[2].reason == "Scaling activity initiated by (deployment ecs-svc/1)");
}

TEST_CASE("protected tasks stay until their time is over, and a roll waits for them") {
  Village village(2);
  village.roll();
  village.view.tasks[0].protectedUntil = at(500);
  village.deploy();
  for (int i = 0; i < 5; ++i) {
    village.settle();
    village.arrive();
    ++village.second;
  }
  CHECK(village.of("ecs-svc/1") == 1);
  CHECK(village.primary().rollout == RolloutState::InProgress);
  CHECK(village.says("The number of protected tasks are more than the desired count"));
  village.second = 100;
  village.look();
  CHECK(village.plan.lookAgain == at(500));
  village.second = 501;
  village.settle();
  CHECK(village.of("ecs-svc/1") == 0);
  CHECK(village.primary().rollout == RolloutState::Completed);
}

TEST_CASE("tasks of a DRAINING host are replaced within the bounds") {
  Village village(2);
  village.roll();
  village.view.tasks[0].leaving = true;
  village.look();
  CHECK(village.starts() == 1);
  CHECK(village.stops() == 0);
  village.arrive();
  village.look();
  CHECK(village.stops() == 1);
  CHECK(village.plan.stops[0].reason ==
        "ECS is performing maintenance on the underlying infrastructure hosting the task");
}

TEST_CASE("tasks of a lost host are ended and replaced") {
  Village village(3);
  village.roll();
  village.view.tasks[0].lost = true;
  village.look();
  CHECK(village.stops() == 1);
  CHECK(village.plan.stops[0].reason == "The container instance (instance host-0) was lost");
  CHECK(village.starts() == 1);
}

TEST_CASE("an unhealthy task is replaced after its grace period, its successor first where there is room") {
  Village village(1);
  village.checked = true;
  village.view.service.healthCheckGrace = 30;
  village.settle();
  village.arrive();
  village.view.tasks[0].health = Health::Unhealthy;
  village.look();
  CHECK(village.starts() + village.stops() == 0);
  CHECK(village.plan.lookAgain == at(30));
  village.second = 30;
  village.look();
  CHECK(village.starts() == 1);
  CHECK(village.stops() == 0);
  village.arrive();
  village.view.tasks[1].health = Health::Healthy;
  village.look();
  REQUIRE(village.stops() == 1);
  CHECK(village.plan.stops[0].reason == "Task failed container health checks");
  CHECK(village.said.back() == "(service web) (task t000001) failed container health checks.");
  CHECK(village.primary().failedTasks == 1);
}

TEST_CASE("a wall clock that is set back does not hold a roll up") {
  Village village(2);
  village.second = 10'000;
  village.settle();
  village.arrive();
  village.second = 1;
  village.settle();
  CHECK(village.primary().rollout == RolloutState::Completed);
}

TEST_CASE("a DAEMON has a task on each of its hosts, and the new one comes when the old one has gone") {
  Village village(0, 0, 100);
  village.view.service.scheduling = SchedulingStrategy::Daemon;
  village.view.hosts = {"host-1", "host-2"};
  village.roll();
  CHECK(village.of("ecs-svc/1") == 2);
  village.view.hosts.push_back("host-3");
  village.look();
  REQUIRE(village.plan.starts.size() == 1);
  CHECK(village.plan.starts[0].hosts == std::vector<std::string>{"host-3"});
  village.arrive();
  village.deploy();
  village.look();
  CHECK(village.starts() == 0);
  CHECK(village.stops() == 3);
  village.look();
  CHECK(village.starts() == 3);
  village.view.hosts.erase(village.view.hosts.begin());
  village.look();
  CHECK(village.stops() == 1);
}

TEST_CASE("a DAEMON with a minimum stops so many at a time") {
  Village village(0, 50, 100);
  village.view.service.scheduling = SchedulingStrategy::Daemon;
  village.view.hosts = {"host-1", "host-2", "host-3", "host-4"};
  village.roll();
  village.deploy();
  village.look();
  CHECK(village.stops() == 2);
  village.roll();
  CHECK(village.of("ecs-svc/2") == 4);
}

TEST_CASE("a DAEMON on a DRAINING host goes when the others have gone, and nothing waits for it until then") {
  Village village(0, 0, 100);
  village.view.service.scheduling = SchedulingStrategy::Daemon;
  village.view.hosts = {"host-0", "host-1", "host-2"};
  village.roll();
  REQUIRE(village.view.tasks.size() == 3);
  const std::string last(village.view.tasks[2].id);
  village.view.hosts = {"host-0", "host-1"};
  village.view.tasks[2].leaving = true;
  village.view.tasks[2].outstays = true;
  village.look();
  CHECK(village.stops() == 0);
  // A roll is done without it, and a host that has lost its task gets one.
  village.deploy();
  village.view.tasks.erase(village.view.tasks.begin());
  village.roll();
  CHECK(village.primary().rollout == RolloutState::Completed);
  CHECK(village.view.service.deployments.size() == 1);
  CHECK(village.of("ecs-svc/2") == 2);
  REQUIRE(village.of("ecs-svc/1") == 1);
  for (ServiceTask& task : village.view.tasks) task.outstays = false;
  village.look();
  REQUIRE(village.stops() == 1);
  CHECK(village.plan.stops[0].task == last);
}

TEST_CASE("tasks that wait for room count within the bounds, and go first") {
  Village village(2);
  village.roll();
  village.view.service.desiredCount = 4;
  village.settle();
  village.view.tasks[2].waiting = true;
  village.view.crowded = true;
  village.settle();
  CHECK(village.view.tasks.size() == 4);
  CHECK(village.starts() == 0);
  const std::string waiting(village.view.tasks[2].id);
  village.view.service.desiredCount = 3;
  village.look();
  REQUIRE(village.stops() == 1);
  CHECK(village.plan.stops[0].task == waiting);
}

TEST_CASE("a deleted service stops all of its tasks, protected ones too, and is INACTIVE then") {
  Village village(3);
  village.roll();
  village.view.tasks[0].protectedUntil = at(10'000);
  village.view.service.status = ServiceStatus::Draining;
  village.view.service.desiredCount = 0;
  village.look();
  CHECK(village.stops() == 3);
  village.look();
  CHECK(village.view.service.status == ServiceStatus::Inactive);
  CHECK(village.view.service.deletedAt == at(village.second));
  CHECK(village.view.service.deployments.empty());
}

TEST_CASE("task sets have the tasks that their scales ask for, and say when they are steady") {
  Village village(4);
  village.view.service.controller = DeploymentController::External;
  village.view.service.deployments.clear();
  TaskSet set;
  set.cluster = "default";
  set.service = "web";
  set.id = "ecs-svc/8";
  set.scale = 50;
  TaskSet other = set;
  other.id = "ecs-svc/9";
  other.scale = 100;
  village.view.sets = {set, other};
  village.settle();
  CHECK(village.of("ecs-svc/8") == 2);
  CHECK(village.of("ecs-svc/9") == 4);
  village.arrive();
  village.second += 3;
  village.look();
  REQUIRE(village.plan.sets.size() == 2);
  CHECK(village.plan.sets[0].steady);
  CHECK(village.plan.sets[0].steadyAt == at(3));
  CHECK(village.said.front() == "(service web, taskSet ecs-svc/8) has reached a steady state.");
  village.view.sets = village.plan.sets;
  village.view.sets[1].status = TaskSetStatus::Draining;
  village.view.sets[1].scale = 0;
  village.look();
  CHECK(village.stops() == 4);
  village.look();
  CHECK(village.plan.setsGone == std::vector<std::string>{"default/web/ecs-svc/9"});
}
