#include "agent/model/causes.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {
namespace {

using namespace std::chrono_literals;

Task twoContainers() {
  acs::Task payload = sample::payload();
  payload.containers[1].essential = true;
  return makeTask(payload);
}

void end(Container& container, int code, WallTime at) {
  container.known = ContainerStatus::Stopped;
  container.startedAt = WallTime{} + 1s;
  container.exitCode = code;
  container.finishedAt = at;
}

}  // namespace

TEST_CASE("a task that runs has no cause to end") {
  CHECK(causesOf(twoContainers()).empty());
  CHECK(culprit(twoContainers()) == nullptr);
}

TEST_CASE("the essential container that ended first is the cause, the others follow") {
  Task task = twoContainers();
  end(task.containers[1], 3, WallTime{} + 10s);
  task.containers[1].reason = "OutOfMemoryError: Container killed due to memory usage";
  task.containers[1].restarts = 2;
  end(task.containers[0], 137, WallTime{} + 40s);
  CHECK(culprit(task)->spec.name == "side");
  CHECK(causesOf(task) ==
        std::vector<std::string>{"container side ended with exit code 3 after 2 restarts: OutOfMemoryError: "
                                 "Container killed due to memory usage",
                                 "container side is essential, so the task had to stop",
                                 "container main ended with exit code 137"});
}

TEST_CASE("what the controller wanted is its cause") {
  Task task = twoContainers();
  task.stopWanted = true;
  end(task.containers[0], 0, WallTime{} + 10s);
  CHECK(causesOf(task).front() == "the controller wants the task to stop");
  CHECK(causesOf(task).back() == "container main ended with exit code 0");
}

TEST_CASE("a task that failed as a whole says why, and which containers never ran") {
  Task task = twoContainers();
  task.stopWanted = true;
  task.reason = "ResourceError: no room";
  task.containers[0].known = ContainerStatus::Stopped;
  CHECK(causesOf(task) == std::vector<std::string>{"ResourceError: no room", "container main never ran"});
}

}  // namespace berth::agent
