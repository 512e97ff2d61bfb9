#include "controller/model/task_index.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>

#include "common/ids/random.hpp"

namespace berth::controller {
namespace {

using Kept = std::map<std::string, std::shared_ptr<const Task>>;

void insert(TaskIndex& index, Kept& kept, const std::string& id) {
  Task task;
  task.id = id;
  index.insert(&kept.emplace(id, std::make_shared<const Task>(std::move(task))).first->second);
}

}  // namespace

TEST_CASE("a task is found by its id until it is erased, whatever else comes and goes") {
  SeededRandom random(7);
  TaskIndex index;
  Kept kept;
  constexpr uint64_t kIds = 20'000;
  for (int step = 0; step < 60'000; ++step) {
    const std::string id = "task-" + std::to_string(random.below(kIds));
    if (!kept.contains(id)) {
      CHECK(index.find(id) == nullptr);
      index.erase(id);
      insert(index, kept, id);
    } else if (random.below(2) == 0) {
      index.erase(id);
      kept.erase(id);
      CHECK(index.find(id) == nullptr);
    }
  }
  REQUIRE(kept.size() > 1'000);
  for (uint64_t number = 0; number < kIds; ++number) {
    const std::string id = "task-" + std::to_string(number);
    const auto known = kept.find(id);
    REQUIRE(index.find(id) == (known == kept.end() ? nullptr : &known->second));
  }
}

TEST_CASE("an index without tasks finds none") {
  TaskIndex index;
  CHECK(index.find("") == nullptr);
  index.erase("a");
  Kept kept;
  insert(index, kept, "a");
  index.erase("a");
  CHECK(index.find("a") == nullptr);
}

}  // namespace berth::controller
