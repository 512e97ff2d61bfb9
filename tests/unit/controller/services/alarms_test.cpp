// Deployments that alarms give up.
#include "tests/unit/controller/services/village.hpp"

using namespace berth;
using namespace berth::controller;
using sample::at;
using sample::Village;

namespace {

struct Watched : Village {
  explicit Watched(bool rollback) : Village(2) {
    view.service.rules.alarms = {true, rollback, {"5xx", "latency"}, 2};
    roll();
    bake();
    REQUIRE(primary().rollout == RolloutState::Completed);
    view.completed = "1";
    deploy();
    view.rollout->alarms = BreakerStatus::Monitoring;
    settle();
    arrive();
  }
  void bake() {
    second += 121;
    settle();
  }
};

}  // namespace

TEST_CASE(
    "an alarm that comes during a deployment fails it, and it is rolled back where its user wants that") {
  Watched village(true);
  village.view.alarmed = {"latency"};
  village.look();
  CHECK(village.plan.rollBackTo == "1");
  CHECK(village.starts() + village.stops() == 0);
  CHECK(village.said.back() == "(service web) (deployment ecs-svc/2) deployment failed: alarm detected.");
  CHECK(village.primary().rollout == RolloutState::Failed);
  CHECK(village.primary().rolloutReason == "ECS deployment alarms: latency detected.");
  CHECK(village.view.rollout->status == ServiceDeploymentStatus::RollbackInProgress);
  CHECK(village.view.rollout->alarms == BreakerStatus::Triggered);
  CHECK(village.view.rollout->triggered == std::vector<std::string>{"latency"});
  REQUIRE(village.view.rollout->rollback);
  CHECK(village.view.rollout->rollback->reason == "ECS deployment alarms: latency detected.");
}

TEST_CASE("without a rollback the deployment before serves on, and nothing new is started") {
  Watched village(false);
  village.view.alarmed = {"5xx"};
  village.look();
  CHECK_FALSE(village.plan.rollBackTo);
  CHECK(village.primary().rollout == RolloutState::Failed);
  CHECK(village.view.rollout->status == ServiceDeploymentStatus::Stopped);
  for (int i = 0; i < 5; ++i) {
    village.settle();
    village.arrive();
    ++village.second;
  }
  CHECK(village.of("ecs-svc/1") == 2);
  CHECK(village.of("ecs-svc/2") == 0);
}

TEST_CASE("what rang before a deployment began does not count for it, another alarm does") {
  Watched village(true);
  village.view.rollout->ringing = {"5xx"};
  village.view.alarmed = {"5xx"};
  village.look();
  CHECK_FALSE(village.plan.rollBackTo);
  village.view.alarmed = {"5xx", "latency"};
  village.look();
  CHECK(village.plan.rollBackTo == "1");
  CHECK(village.view.rollout->triggered == std::vector<std::string>{"latency"});
}

TEST_CASE("a finished rollout is watched while it bakes, and is complete then") {
  Watched village(true);
  village.second += 3;
  village.settle();
  village.arrive();
  village.settle();
  CHECK(village.of("ecs-svc/1") == 0);
  CHECK(village.primary().rollout == RolloutState::InProgress);
  const int64_t since = village.second;
  CHECK(village.view.rollout->bakesSince == at(since));
  CHECK(village.plan.lookAgain == at(since + 120));
  SECTION("an alarm takes it back even now") {
    village.second += 119;
    village.view.alarmed = {"5xx"};
    village.look();
    CHECK(village.plan.rollBackTo == "1");
  }
  SECTION("then no alarm does") {
    village.bake();
    CHECK(village.primary().rollout == RolloutState::Completed);
    CHECK(village.view.rollout->alarms == BreakerStatus::MonitoringComplete);
    village.view.alarmed = {"5xx"};
    village.look();
    CHECK_FALSE(village.plan.rollBackTo);
    CHECK(village.primary().rollout == RolloutState::Completed);
  }
}

TEST_CASE("a rollback goes on whatever rings, and does not bake") {
  Watched village(true);
  village.view.rollout->status = ServiceDeploymentStatus::RollbackInProgress;
  village.view.alarmed = {"5xx"};
  village.second += 3;
  village.settle();
  CHECK(village.primary().rollout == RolloutState::Completed);
  CHECK(village.view.rollout->status == ServiceDeploymentStatus::RollbackSuccessful);
}

TEST_CASE("alarms that are named and not enabled do nothing") {
  Watched village(true);
  village.view.service.rules.alarms.enabled = false;
  village.view.alarmed = {"5xx"};
  village.second += 3;
  village.settle();
  CHECK(village.primary().rollout == RolloutState::Completed);
}
