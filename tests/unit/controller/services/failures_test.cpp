// Deployments whose tasks fail: the circuit breaker, rolling back, the wait between starts.
#include "controller/services/failures.hpp"

#include "controller/services/texts.hpp"
#include "tests/unit/controller/services/village.hpp"

using namespace berth;
using namespace berth::controller;
using sample::at;
using sample::Village;

namespace {

struct Failing : Village {
  explicit Failing(int64_t desired) : Village(desired) {
    view.service.rules.breaker.enabled = true;
    view.service.rules.breaker.rollback = true;
    roll();
    view.completed = "1";
    deploy();
  }
  /// So many tasks of the PRIMARY deployment end as soon as they are there.
  void fail(int64_t tasks) {
    const std::string id = primary().id;
    for (; tasks > 0; --tasks) {
      const auto task = std::ranges::find(view.tasks, id, &ServiceTask::of);
      REQUIRE(task != view.tasks.end());
      ++primary().failedTasks;
      count(primary().setbacks, task->createdAt, at(second));
      view.tasks.erase(task);
    }
  }
};

Task ended(const std::string& code, std::optional<int64_t> started, int64_t stopped) {
  Task task;
  task.instance = "i1";
  task.spec.edit([](TaskSpec& spec) { spec.containers.emplace_back().name = "app"; });
  task.containers.resize(1);
  task.lastStatus = TaskStatus::Stopped;
  task.stopCode = code;
  if (started) task.startedAt = at(*started);
  task.stoppedAt = at(stopped);
  return task;
}

}  // namespace

TEST_CASE("at its threshold a deployment has failed, and is rolled back to the one that was completed") {
  Failing village(4);
  village.look();
  CHECK(village.starts() == 4);
  village.fail(2);
  village.look();
  CHECK(village.primary().rollout == RolloutState::InProgress);
  village.fail(1);
  village.look();
  CHECK(village.plan.rollBackTo == "1");
  CHECK(village.primary().rollout == RolloutState::Failed);
  CHECK(village.primary().rolloutReason == "ECS deployment circuit breaker: tasks failed to start.");
  CHECK(village.view.rollout->status == ServiceDeploymentStatus::RollbackInProgress);
  CHECK(village.view.rollout->breaker == BreakerStatus::Triggered);
  CHECK(village.view.rollout->failures == 3);
  CHECK(village.view.rollout->rollback->revision == "1");
  CHECK(village.said.back() ==
        "(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start.");
  CHECK(village.of("ecs-svc/1") == 4);
}

TEST_CASE("without a rollback the failed deployment starts nothing more, and the one before serves on") {
  Failing village(4);
  village.view.service.rules.breaker.rollback = false;
  village.look();
  village.fail(3);
  village.look();
  CHECK_FALSE(village.plan.rollBackTo);
  CHECK(village.view.rollout->status == ServiceDeploymentStatus::Stopped);
  village.settle();
  CHECK(village.of("ecs-svc/1") == 4);
  village.view.tasks.erase(std::ranges::find(village.view.tasks, "ecs-svc/1", &ServiceTask::of));
  village.settle();
  CHECK(village.of("ecs-svc/1") == 4);
  CHECK(village.of("ecs-svc/2") == 0);
  CHECK(village.primary().id == "ecs-svc/2");
}

TEST_CASE("a rollback that fails goes nowhere else") {
  Failing village(4);
  village.view.rollout->status = ServiceDeploymentStatus::RollbackInProgress;
  village.look();
  village.fail(3);
  village.look();
  CHECK_FALSE(village.plan.rollBackTo);
  CHECK(village.view.rollout->status == ServiceDeploymentStatus::RollbackFailed);
}

TEST_CASE("a rollback is successful when its tasks are there alone") {
  Failing village(4);
  village.view.rollout->status = ServiceDeploymentStatus::RollbackInProgress;
  village.roll();
  CHECK(village.view.rollout->status == ServiceDeploymentStatus::RollbackSuccessful);
}

TEST_CASE("a rollout ends as its user asks") {
  Failing village(4);
  village.look();
  SECTION("aborted") {
    village.view.rollout->status = ServiceDeploymentStatus::StopRequested;
    village.look();
    CHECK(village.view.rollout->status == ServiceDeploymentStatus::Stopped);
    CHECK(village.view.rollout->stoppedAt == at(village.second));
    CHECK(village.primary().rollout == RolloutState::Failed);
    CHECK(village.starts() == 0);
  }
  SECTION("rolled back") {
    village.view.rollout->status = ServiceDeploymentStatus::RollbackRequested;
    village.view.rollout->rollback = ServiceDeployment::Rollback{"asked", at(1), "1"};
    village.look();
    CHECK(village.plan.rollBackTo == "1");
    CHECK(village.view.rollout->status == ServiceDeploymentStatus::RollbackInProgress);
  }
}

TEST_CASE("starts wait longer with each round of failures, and not at all after tasks that stay up") {
  Village village(2);
  village.settle();
  std::vector<int64_t> waits;
  for (int round = 0; round < 12; ++round) {
    for (const ServiceTask& task : village.view.tasks) {
      ++village.primary().failedTasks;
      count(village.primary().setbacks, task.createdAt, at(village.second));
    }
    village.view.tasks.clear();
    village.look();
    REQUIRE(village.plan.lookAgain);
    CHECK(village.starts() == 0);
    const auto wait =
        std::chrono::duration_cast<std::chrono::seconds>(*village.plan.lookAgain - at(village.second));
    waits.push_back(wait.count());
    village.second += wait.count();
    village.settle();
    CHECK(village.of("ecs-svc/1") == 2);
    ++village.second;
  }
  CHECK(waits == std::vector<int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300});
  village.arrive();
  village.settle();
  village.second += 10;
  village.settle();
  CHECK(village.primary().setbacks == Setbacks{});
  CHECK(village.primary().failedTasks == 0);
  CHECK(village.primary().rollout == RolloutState::Completed);
}

TEST_CASE("tasks that were of no use have failed") {
  const ServicePace pace;
  CHECK(hasFailed(ended("TaskFailedToStart", std::nullopt, 5), pace));
  CHECK(hasFailed(ended("EssentialContainerExited", 0, 5), pace));
  CHECK_FALSE(hasFailed(ended("EssentialContainerExited", 0, 10), pace));
  CHECK_FALSE(hasFailed(ended("UserInitiated", 0, 1), pace));
  Task waited = ended("TaskFailedToStart", std::nullopt, 5);
  waited.instance.clear();
  CHECK_FALSE(hasFailed(waited, pace));
  CHECK_FALSE(hasFailed(ended("ServiceSchedulerInitiated", std::nullopt, 1), pace));
  Task checked = ended("EssentialContainerExited", 0, 500);
  checked.spec.edit([](TaskSpec& spec) { spec.containers[0].checksHealth = true; });
  CHECK(hasFailed(checked, pace));
  checked.wasHealthy = true;
  CHECK_FALSE(hasFailed(checked, pace));
}

TEST_CASE("a failure is told with its container and what it said, once while it lasts") {
  Service service;
  service.name = "web";
  Task task = ended("EssentialContainerExited", 0, 1);
  task.id = "aa";
  task.startedBy = "ecs-svc/2";
  task.containers[0].exitCode = 3;
  const std::string message = saysTaskFailed(service, task);
  CHECK(message ==
        "(service web) (deployment ecs-svc/2) (task aa) failed: container app exited with code 3.");
  service.addEvent({"1", at(0), message});
  task.id = "bb";
  CHECK(wasSaid(service, saysTaskFailed(service, task), at(1)));
  CHECK_FALSE(wasSaid(service, saysTaskFailed(service, task), at(6 * 3600)));
  task.containers[0].reason = "CannotPullContainerError: no such image";
  CHECK(saysTaskFailed(service, task) ==
        "(service web) (deployment ecs-svc/2) (task bb) failed: container app: CannotPullContainerError: no "
        "such image.");
  CHECK_FALSE(wasSaid(service, saysTaskFailed(service, task), at(1)));
}

TEST_CASE("the last lines of the container that failed are told, and don't make it another failure") {
  Service service;
  service.name = "web";
  Task task = ended("EssentialContainerExited", 0, 1);
  task.id = "aa";
  task.startedBy = "ecs-svc/2";
  task.containers[0].exitCode = 1;
  task.causes.add({Cause::Kind::ContainerStopped, at(1), "app", "12:00:01 starting\nno such file\n"});
  const std::string message = saysTaskFailed(service, task);
  CHECK(message ==
        "(service web) (deployment ecs-svc/2) (task aa) failed: container app exited with code 1. Its last "
        "lines: 12:00:01 starting | no such file.");
  service.addEvent({"1", at(0), message});
  Task next = ended("EssentialContainerExited", 0, 1);
  next.id = "bb";
  next.startedBy = "ecs-svc/2";
  next.containers[0].exitCode = 1;
  next.causes.add({Cause::Kind::ContainerStopped, at(2), "app", "12:00:09 starting\nno such file\n"});
  CHECK(wasSaid(service, saysTaskFailed(service, next), at(1)));
  next.containers[0].exitCode = 2;
  CHECK_FALSE(wasSaid(service, saysTaskFailed(service, next), at(1)));
  // Lines of another container say nothing about this one.
  Task other = ended("EssentialContainerExited", 0, 1);
  other.containers[0].exitCode = 1;
  other.causes.add({Cause::Kind::ContainerStopped, at(2), "side", "bye\n"});
  CHECK(saysTaskFailed(service, other).ends_with("exited with code 1."));
}
