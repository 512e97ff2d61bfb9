// What a task takes of its host, and how it waits for that.
#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {
namespace {

using namespace sample;

EngineOptions room(int64_t memory) {
  EngineOptions options;
  options.host = HostCapacity{4096, memory, {22}, {}, {}};
  options.admissionLimit = std::chrono::minutes(10);
  return options;
}

/// A task of one container, 64 MiB.
acs::Task numbered(int number) { return oneContainer(std::string(kTaskArn) + std::to_string(number)); }
ContainerKey keyOf(int number) { return {std::string(kTaskArn) + std::to_string(number), "main"}; }

bool pulls(const Output& out, int number) {
  for (const PullEffect& pull : effects<PullEffect>(out)) {
    if (pull.key == keyOf(number)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a task that finds no room waits, says what for, and comes in when another ends") {
  Bench bench(room(100));
  CHECK(pulls(bench.payload(numbered(1)), 1));
  CHECK_FALSE(pulls(bench.payload(numbered(2)), 2));
  const auto waiting = bench.engine.waiting(keyOf(2).taskArn, at(bench.second));
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].what ==
        "room on the host: 64 MiB of memory, and 36 MiB are free; held by " + keyOf(1).taskArn + " (64 MiB)");
  REQUIRE(waiting[0].until);
  CHECK(*waiting[0].until - waiting[0].since == std::chrono::minutes(10));
  CHECK(pulls(bench.payload(stopOf(numbered(1))), 2));
  CHECK(bench.engine.used().memory == 64);
}

TEST_CASE("what can never fit is refused at once and holds up nobody") {
  Bench bench(room(100));
  acs::Task large = numbered(1);
  large.memory = 101;
  const Output out = bench.payload(large);
  const ReportEffect* report = effect<ReportEffect>(out);
  REQUIRE(report);
  CHECK(report->report.status == TaskStatus::Stopped);
  CHECK(
      report->report.reason ==
      "ResourceError: The task asks for 101 MiB of memory, and 100 MiB is all that this host has for tasks");
  CHECK(pulls(bench.payload(numbered(2)), 2));
}

TEST_CASE("the first in the queue is not overtaken by smaller ones") {
  Bench bench(room(100));
  bench.payload(numbered(1));
  acs::Task large = numbered(2);
  large.memory = 100;
  bench.payload(large);
  acs::Task small = numbered(3);
  small.containers[0].memory = 10;
  CHECK_FALSE(pulls(bench.payload(small), 3));
  CHECK(bench.engine.waiting(keyOf(3).taskArn, at(bench.second))[0].what ==
        "room on the host: the tasks that came before it to be let in");
  // The one at the head goes away: who came after it is let in.
  CHECK(pulls(bench.payload(stopOf(large)), 3));
}

TEST_CASE("a wait for room ends in time, with the reason") {
  Bench bench(room(100));
  bench.payload(numbered(1));
  bench.payload(numbered(2));
  Output out;
  for (int i = 0; i < 10 && effects<ReportEffect>(out).empty(); ++i) out = bench.timer();
  const ReportEffect* report = effect<ReportEffect>(out);
  REQUIRE(report);
  CHECK(report->report.taskArn == keyOf(2).taskArn);
  CHECK(report->report.reason ==
        "ResourceError: The task found no room on the host in time: 64 MiB of memory, and 36 MiB are free; "
        "held "
        "by " +
            keyOf(1).taskArn + " (64 MiB)");
}

TEST_CASE("a fixed port is held until its task has stopped") {
  Bench bench(room(1000));
  acs::Task first = numbered(1);
  first.containers[0].portMappings = {{80, 8080, "tcp", 0}};
  acs::Task second = numbered(2);
  second.containers[0].portMappings = first.containers[0].portMappings;
  CHECK(pulls(bench.payload(first), 1));
  CHECK_FALSE(pulls(bench.payload(second), 2));
  CHECK(pulls(bench.payload(stopOf(first)), 2));
}

TEST_CASE("after a restart those that were let in hold what is theirs, and the queue keeps its order") {
  Bench bench(room(100));
  bench.payload(numbered(1));
  bench.payload(numbered(3));
  bench.payload(numbered(2));
  std::vector<Task> stored;
  for (const auto& [arn, task] : bench.engine.tasks()) stored.push_back(task);
  for (Task& task : stored) task.containers[0].inFlight = Step::None;
  Bench later(room(100));
  later.engine.restore(stored, 0, later.now());
  CHECK(later.engine.used().memory == 64);
  const Output out = later.listed({});
  CHECK(pulls(out, 1));
  CHECK_FALSE(pulls(out, 2));
  CHECK(pulls(later.payload(stopOf(numbered(1))), 3));
}

TEST_CASE("a task in the queue that a smaller host can't hold any more is refused, those behind it come in") {
  Bench before(room(200));
  before.payload(numbered(1));
  acs::Task large = numbered(2);
  large.memory = 200;
  before.payload(large);
  before.payload(numbered(3));
  std::vector<Task> stored;
  for (const auto& [arn, task] : before.engine.tasks()) stored.push_back(task);
  for (Task& task : stored) {
    for (Container& container : task.containers) container.inFlight = Step::None;
  }
  Bench after(room(130));
  after.engine.restore(stored, 0, after.now());
  const Output out = after.listed({});
  CHECK(after.task(keyOf(2).taskArn).reason.starts_with("ResourceError: The task asks for 200 MiB"));
  CHECK(pulls(out, 3));
}

}  // namespace berth::agent
