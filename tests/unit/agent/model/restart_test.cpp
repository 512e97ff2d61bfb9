#include "agent/model/restart.hpp"

#include <catch2/catch.hpp>

#include "agent/model/next_action.hpp"
#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {
namespace {

using std::chrono::seconds;

/// Runs since second 0 under a policy that wants ten seconds between restarts.
Task restartable() {
  Task task = makeTask(sample::payload());
  Container& main = task.containers[0];
  main.spec.restartPolicy = {true, {7}, 10};
  main.known = ContainerStatus::Running;
  main.startIntended = true;
  main.runtimeId = "c1";
  main.startedAt = sample::at(0).wall;
  return task;
}

RuntimeContainer endOf(Task& task, int code, int64_t second) {
  RuntimeContainer seen = sample::exited("c1", code);
  seen.startedAt = task.containers[0].startedAt;
  seen.finishedAt = sample::at(second).wall;
  return seen;
}

void end(Task& task, int code, int64_t second) {
  observe(task, task.containers[0], endOf(task, code, second), sample::at(second));
}

void startAgain(Task& task, int64_t second) {
  RuntimeContainer seen = sample::running("c1");
  seen.startedAt = sample::at(second).wall;
  observe(task, task.containers[0], seen, sample::at(second));
}

}  // namespace

TEST_CASE("a container that ran long enough is started again and stays RUNNING") {
  Task task = restartable();
  end(task, 1, 10);
  const Container& main = task.containers[0];
  CHECK(main.restarting);
  CHECK(main.known == ContainerStatus::Running);
  CHECK(nextAction(task, main, sample::at(10).mono).action == Action::Start);
  startAgain(task, 11);
  CHECK_FALSE(main.restarting);
  CHECK(main.restarts == 1);
  CHECK_FALSE(main.exitCode.has_value());
}

TEST_CASE("one that ended too soon, with an ignored code, or without a policy has stopped") {
  Task soon = restartable();
  end(soon, 1, 9);
  CHECK(soon.containers[0].known == ContainerStatus::Stopped);
  Task ignored = restartable();
  end(ignored, 7, 60);
  CHECK(ignored.containers[0].known == ContainerStatus::Stopped);
  CHECK(ignored.containers[0].exitCode == 7);
  Task without = restartable();
  without.containers[0].spec.restartPolicy.enabled = false;
  end(without, 1, 60);
  CHECK(without.containers[0].known == ContainerStatus::Stopped);
}

TEST_CASE("a life that ended before it began, as the runtime's times have it, is one of no time") {
  Task task = restartable();
  task.containers[0].spec.restartPolicy.attemptPeriod = 0;
  task.containers[0].startedAt = sample::at(5).wall;
  end(task, 1, 4);
  CHECK(task.containers[0].restarting);
}

TEST_CASE("one whose task has to stop is not started again") {
  Task task = restartable();
  task.stopWanted = true;
  end(task, 0, 60);
  CHECK(task.containers[0].known == ContainerStatus::Stopped);
}

TEST_CASE("a stop while it waits for its restart ends it at once") {
  Task task = restartable();
  end(task, 1, 10);
  task.stopWanted = true;
  CHECK(nextAction(task, task.containers[0], sample::at(10).mono).action == Action::Finish);
}

TEST_CASE("short lives wait longer each time, up to a minute, and a lasting one starts anew") {
  Task task = restartable();
  Container& main = task.containers[0];
  std::vector<int64_t> waits;
  int64_t second = 0;
  for (int i = 0; i < 10; ++i) {
    second += 10;
    end(task, 1, second);
    waits.push_back(std::chrono::duration_cast<seconds>(*main.restartAt - sample::at(second).mono).count());
    second += 100;
    startAgain(task, second);
  }
  CHECK(waits == std::vector<int64_t>{0, 1, 2, 4, 8, 16, 32, 60, 60, 60});
  CHECK(inCrashLoop(main));
  second += 600;
  end(task, 1, second);
  CHECK(*main.restartAt == sample::at(second).mono);
  CHECK_FALSE(inCrashLoop(main));
}

TEST_CASE("the end of its last life, seen again, changes nothing") {
  Task task = restartable();
  end(task, 1, 10);
  const auto at = task.containers[0].restartAt;
  observe(task, task.containers[0], endOf(task, 1, 10), sample::at(20));
  CHECK(task.containers[0].restarting);
  CHECK(task.containers[0].restartAt == at);
  CHECK(task.containers[0].restarts == 0);
}

TEST_CASE("a life that began and ended unseen counts") {
  Task task = restartable();
  end(task, 1, 10);
  RuntimeContainer seen = sample::exited("c1", 9);
  seen.startedAt = sample::at(12).wall;
  seen.finishedAt = sample::at(15).wall;
  observe(task, task.containers[0], seen, sample::at(30));
  CHECK(task.containers[0].restarts == 1);
  CHECK(task.containers[0].known == ContainerStatus::Stopped);
  CHECK(task.containers[0].exitCode == 9);
}

TEST_CASE("a first life that nobody saw is followed by waits that grow, too") {
  Task task = restartable();
  Container& main = task.containers[0];
  main.spec.restartPolicy.attemptPeriod = 0;
  main.known = ContainerStatus::Created;
  main.startedAt.reset();
  RuntimeContainer seen = sample::exited("c1", 3);
  seen.startedAt = seen.finishedAt = sample::at(12).wall;
  observe(task, main, seen, sample::at(12));
  CHECK(main.known == ContainerStatus::Running);
  CHECK(main.restarting);
  seen.startedAt = seen.finishedAt = sample::at(13).wall;
  observe(task, main, seen, sample::at(13));
  CHECK(main.restarts == 1);
  CHECK(*main.restartAt > sample::at(13).mono);
}

}  // namespace berth::agent
