#include "agent/model/next_action.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {
namespace {

/// A task that has been let in, with what it shares in place.
Task ready() {
  Task task = makeTask(sample::payload());
  task.admitted = true;
  task.setUp = SetUp::Done;
  return task;
}

struct Row {
  const char* what;
  ContainerStatus known;
  Step inFlight;
  bool uncertain;
  bool waits;  ///< a retry lies ahead
  bool stop;
  Action expected;
};

constexpr Row kRows[] = {
    {"a new container is pulled", ContainerStatus::None, Step::None, false, false, false, Action::Pull},
    {"a pulled one is created", ContainerStatus::Pulled, Step::None, false, false, false, Action::Create},
    {"a created one is started", ContainerStatus::Created, Step::None, false, false, false, Action::Start},
    {"a running one is left alone", ContainerStatus::Running, Step::None, false, false, false, Action::Wait},
    {"a stopped one is done", ContainerStatus::Stopped, Step::None, false, false, false, Action::Done},
    {"one step at a time", ContainerStatus::Pulled, Step::Create, false, false, false, Action::Wait},
    {"doubt comes before the next step", ContainerStatus::Created, Step::None, true, false, false,
     Action::Inspect},
    {"doubt waits for its time", ContainerStatus::Created, Step::None, true, true, false, Action::Wait},
    {"a retry waits for its time", ContainerStatus::None, Step::None, false, true, false, Action::Wait},
    {"a stop before anything ends it", ContainerStatus::None, Step::None, false, false, true, Action::Finish},
    {"a stop does not wait for a pull", ContainerStatus::None, Step::Pull, false, false, true,
     Action::Finish},
    {"a stop does not wait for a retry", ContainerStatus::None, Step::None, false, true, true,
     Action::Finish},
    {"a stop does not wait for a create", ContainerStatus::Pulled, Step::Create, false, false, true,
     Action::Finish},
    {"a stop does not wait for doubt about a create", ContainerStatus::Pulled, Step::None, true, true, true,
     Action::Finish},
    {"a stop waits for a start", ContainerStatus::Created, Step::Start, false, false, true, Action::Wait},
    {"a created one is never started to be stopped", ContainerStatus::Created, Step::None, false, false, true,
     Action::Finish},
    {"a running one is stopped", ContainerStatus::Running, Step::None, false, false, true, Action::Stop},
    {"a failed stop waits for its time", ContainerStatus::Running, Step::None, false, true, true,
     Action::Wait},
    {"doubt comes before a stop", ContainerStatus::Running, Step::None, true, false, true, Action::Inspect},
};

}  // namespace

TEST_CASE("the next action follows from the state alone") {
  for (const Row& row : kRows) {
    INFO(row.what);
    Task task = ready();
    Container& container = task.containers[0];
    container.known = row.known;
    container.inFlight = row.inFlight;
    container.uncertain = row.uncertain;
    Now now = sample::at(100);
    if (row.waits) container.retryAt = now.mono + std::chrono::seconds(1);
    task.stopWanted = row.stop;
    CHECK(nextAction(task, container, now.mono).action == row.expected);
  }
}

TEST_CASE("an essential container that ends stops the others") {
  Task task = ready();
  task.containers[0].known = ContainerStatus::Stopped;
  task.containers[1].known = ContainerStatus::Running;
  CHECK(nextAction(task, task.containers[1], sample::at(0).mono).action == Action::Stop);
}

TEST_CASE("a container that is not essential may end alone") {
  Task task = ready();
  task.containers[0].known = ContainerStatus::Running;
  task.containers[1].known = ContainerStatus::Stopped;
  CHECK(nextAction(task, task.containers[0], sample::at(0).mono).action == Action::Wait);
  CHECK(statusOf(task) == TaskStatus::Running);
}

TEST_CASE("a stopped container is done, whatever else is set") {
  for (Step step :
       {Step::None, Step::Pull, Step::Create, Step::Start, Step::Stop, Step::Inspect, Step::Remove}) {
    for (bool flag : {false, true}) {
      Task task = ready();
      Container& container = task.containers[0];
      container.known = ContainerStatus::Stopped;
      container.inFlight = step;
      container.uncertain = flag;
      task.stopWanted = flag;
      CHECK(nextAction(task, container, sample::at(0).mono).action == Action::Done);
    }
  }
}

TEST_CASE("no second step begins while one is under way, but the end of one that leaves nothing running") {
  for (ContainerStatus known :
       {ContainerStatus::None, ContainerStatus::Pulled, ContainerStatus::Created, ContainerStatus::Running}) {
    for (Step step : {Step::Pull, Step::Create, Step::Start, Step::Stop, Step::Inspect}) {
      for (bool uncertain : {false, true}) {
        for (bool stop : {false, true}) {
          Task task = ready();
          Container& container = task.containers[0];
          container.known = known;
          container.inFlight = step;
          container.uncertain = uncertain;
          task.stopWanted = stop;
          const bool harmless = step == Step::Pull || step == Step::Create || step == Step::Inspect;
          const bool ends = stop && harmless && known != ContainerStatus::Running;
          Action expected = ends ? Action::Finish : Action::Wait;
          CHECK(nextAction(task, container, sample::at(0).mono).action == expected);
        }
      }
    }
  }
}

TEST_CASE("what may have been started is stopped only once its steps are answered") {
  for (Step step : {Step::Create, Step::Start, Step::Inspect}) {
    Task task = ready();
    Container& container = task.containers[0];
    container.known = ContainerStatus::Created;
    container.startIntended = true;
    container.inFlight = step;
    task.stopWanted = true;
    CHECK(nextAction(task, container, sample::at(0).mono).action == Action::Wait);
  }
}

TEST_CASE("until when a step lasts is told") {
  Task task = ready();
  Container& container = task.containers[0];
  container.known = ContainerStatus::Created;
  container.inFlight = Step::Start;
  container.stepBy = sample::at(180).mono;
  CHECK(waitOf(task, container, sample::at(0).mono).until == sample::at(180).mono);
  task.stopWanted = true;
  container.startIntended = true;
  container.stopBy = sample::at(60).mono;
  CHECK(waitOf(task, container, sample::at(0).mono).until == sample::at(60).mono);
}

TEST_CASE("a retry is due at its time, not after it") {
  Task task = ready();
  Container& container = task.containers[0];
  container.retryAt = sample::at(10).mono;
  CHECK(nextAction(task, container, sample::at(9).mono).action == Action::Wait);
  CHECK(nextAction(task, container, sample::at(10).mono).action == Action::Pull);
}

}  // namespace berth::agent
