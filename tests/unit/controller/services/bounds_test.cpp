// How many tasks a roll starts and stops at first, and that no roll of any size leaves its bounds.
#include "common/ids/random.hpp"
#include "tests/unit/controller/services/village.hpp"

using namespace berth;
using namespace berth::controller;
using sample::Village;

namespace {

struct Bounds {
  int64_t desired;
  int64_t least;
  int64_t most;
  int64_t starts;
  int64_t stops;
  bool blocked = false;
};

/// The bounds as the API's documentation has them, reckoned apart from the code.
int64_t mostOf(int64_t desired, int64_t percent) { return desired * percent / 100; }
int64_t leastOf(int64_t desired, int64_t percent) {
  return desired * percent / 100 + (desired * percent % 100 > 0);
}

/// A service in the middle of anything: tasks come, go and fail, it is scaled and rolled.
void disturb(Village& village, Random& random) {
  village.second += static_cast<int64_t>(random.below(3));
  for (ServiceTask& task : village.view.tasks) {
    if (!task.running && random.below(3) == 0) Village::start(task, sample::at(village.second));
    if (task.running && task.checked && random.below(3) == 0) {
      task.health = random.below(4) == 0 ? Health::Unhealthy : Health::Healthy;
    }
  }
  if (!village.view.tasks.empty() && random.below(6) == 0) {
    village.view.tasks.erase(village.view.tasks.begin() +
                             static_cast<std::ptrdiff_t>(random.below(village.view.tasks.size())));
  }
  if (random.below(20) == 0) village.view.service.desiredCount = static_cast<int64_t>(random.below(12));
  if (random.below(25) == 0) village.deploy();
  village.view.crowded = random.below(5) == 0;
}

int64_t healthyIn(const Village& village) {
  return std::ranges::count_if(village.view.tasks, [&](const ServiceTask& task) {
    if (!task.running) return false;
    if (task.checked) return task.health == Health::Healthy;
    return true;
  });
}

}  // namespace

TEST_CASE("a roll begins with what the bounds allow") {
  // Amazon ECS Developer Guide, "Rolling update": 4 tasks at 200/100 start four, at 100/50 two stop first.
  for (const Bounds& one : {Bounds{4, 100, 200, 4, 0}, Bounds{4, 50, 100, 0, 2},
                            Bounds{3, 100, 125, 0, 0, true}, Bounds{2, 75, 100, 0, 0, true},
                            Bounds{10, 100, 150, 5, 0}, Bounds{10, 50, 150, 5, 5}, Bounds{1, 0, 100, 0, 1},
                            Bounds{1, 100, 200, 1, 0}, Bounds{0, 100, 200, 0, 0}, Bounds{7, 50, 200, 7, 3}}) {
    CAPTURE(one.desired, one.least, one.most);
    Village village(one.desired, one.least, one.most);
    village.roll();
    village.deploy();
    village.look();
    CHECK(village.starts() == one.starts);
    CHECK(village.stops() == one.stops);
    CHECK(village.says("was unable to stop or start tasks during a deployment") == one.blocked);
  }
}

TEST_CASE("a plan never takes a service below its minimum nor above its maximum") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SeededRandom random(seed);
    CAPTURE(seed);
    Village village(static_cast<int64_t>(random.below(12)), static_cast<int64_t>(random.below(5)) * 25,
                    100 + static_cast<int64_t>(random.below(5)) * 25);
    village.checked = random.below(2) == 0;
    for (int step = 0; step < 120; ++step) {
      disturb(village, random);
      const auto before = std::ssize(village.view.tasks);
      const int64_t healthy = healthyIn(village);
      village.look();
      const int64_t desired = village.view.service.desiredCount;
      const DeploymentRules& rules = village.view.service.rules;
      if (village.starts() > 0) {
        REQUIRE(before + village.starts() <= mostOf(desired, rules.maximumPercent));
      }
      // Tasks that do not yet count as healthy may go at any time, so only healthy ones are compared.
      const int64_t left = healthyIn(village);
      if (left < healthy && village.checked) {
        REQUIRE(left >= leastOf(desired, rules.minimumHealthyPercent));
      }
    }
  }
}

TEST_CASE("every roll whose bounds allow a move comes to its end") {
  for (int64_t desired = 0; desired <= 12; ++desired) {
    for (const auto& [least, most] :
         {std::pair<int64_t, int64_t>{100, 200}, {50, 100}, {0, 100}, {50, 150}}) {
      CAPTURE(desired, least, most);
      Village village(desired, least, most);
      village.roll();
      const std::string next = village.deploy();
      village.roll();
      const bool moves = most * desired / 100 > desired || leastOf(desired, least) < desired || desired == 0;
      CHECK((village.primary().rollout == RolloutState::Completed) == moves);
      if (moves) CHECK(village.of(next) == desired);
      if (moves) CHECK(village.view.service.deployments.size() == 1);
    }
  }
}
