#include "agent/engine/deadline_index.hpp"

#include <catch2/catch.hpp>

namespace berth::agent {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  Task& add(const std::string& arn, DeadlineIndex::Deadline at) {
    due[arn] = at;
    Task& task = tasks[arn];
    task.arn = arn;
    return task;
  }
  DeadlineIndex::Deadline earliest() {
    return index.earliest(tasks, [this](const Task& task) {
      ++asked;
      return due.at(task.arn);
    });
  }

  std::map<std::string, Task> tasks;
  std::map<std::string, DeadlineIndex::Deadline> due;
  DeadlineIndex index;
  int asked = 0;
};

TEST_CASE("The earliest deadline is found without asking for those of unchanged tasks") {
  Fixture f;
  CHECK_FALSE(f.earliest());
  f.add("a", MonoTime(30s));
  Task& b = f.add("b", MonoTime(20s));
  f.add("c", std::nullopt);
  CHECK(f.earliest() == MonoTime(20s));
  CHECK(f.asked == 3);
  CHECK(f.earliest() == MonoTime(20s));
  CHECK(f.asked == 3);

  f.due["b"] = MonoTime(40s);
  f.index.forget(b);
  CHECK(f.earliest() == MonoTime(30s));
  CHECK(f.asked == 4);
  f.due["b"] = std::nullopt;
  f.index.forget(b);
  f.index.forget(b);
  CHECK(f.earliest() == MonoTime(30s));
  CHECK(f.asked == 5);
}

TEST_CASE("The deadline of a task that is removed does not count") {
  Fixture f;
  Task& a = f.add("a", MonoTime(10s));
  Task& b = f.add("b", MonoTime(20s));
  CHECK(f.earliest() == MonoTime(10s));
  f.index.forget(a);
  f.index.remove(a);
  f.tasks.erase("a");
  CHECK(f.earliest() == MonoTime(20s));
  f.index.remove(b);
  f.tasks.erase("b");
  CHECK_FALSE(f.earliest());
  f.add("d", MonoTime(50s));
  CHECK(f.earliest() == MonoTime(50s));
}

}  // namespace
}  // namespace berth::agent
