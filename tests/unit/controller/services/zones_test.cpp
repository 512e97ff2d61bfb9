// A service whose tasks are uneven over the availability zones.
#include "common/ids/random.hpp"
#include "tests/unit/controller/services/village.hpp"

using namespace berth;
using namespace berth::controller;
using sample::at;
using sample::Village;

namespace {

std::map<std::string, int64_t> countsIn(const Village& village) {
  std::map<std::string, int64_t> out;
  for (const std::string& zone : village.view.zones) out[zone] = 0;
  for (const ServiceTask& task : village.view.tasks) ++out[std::string(task.zone)];
  return out;
}

/// A steady service with so many tasks in the zones 0, 1, ...
Village steady(const std::vector<int64_t>& counts) {
  int64_t desired = 0;
  for (const int64_t count : counts) desired += count;
  Village village(desired);
  village.look();
  village.view.tasks.clear();
  for (size_t zone = 0; zone < counts.size(); ++zone) {
    village.view.zones.push_back("zone-" + std::to_string(zone));
    for (int64_t i = 0; i < counts[zone]; ++i) village.make("ecs-svc/1", "host-" + std::to_string(zone));
  }
  village.arrive();
  village.second += 3;
  village.look();
  REQUIRE(village.primary().rollout == RolloutState::Completed);
  return village;
}

/// Goes on until nothing moves any more; tasks come up in a second.
void rest(Village& village) {
  for (int i = 0; i < 200; ++i) {
    const int64_t made = village.made;
    village.look();
    // A start that finds no room is planned again and again, and nothing comes of it.
    const bool moved = village.made > made || village.stops() > 0;
    village.arrive();
    village.second += 3;
    const bool still = village.view.tasks.size() == static_cast<size_t>(village.view.service.desiredCount);
    if (i > 2 && !moved && still) return;
  }
  FAIL("it moves on and on");
}

}  // namespace

TEST_CASE("one is started in the emptier zone, and once it is healthy one of the fuller zone goes") {
  Village village = steady({3, 1});
  village.look();
  REQUIRE(village.starts() == 1);
  CHECK(village.plan.starts[0].zones == std::vector<std::string>{"zone-1"});
  CHECK(village.said.back() ==
        "(service web) is not AZ balanced with 3 tasks in zone-0 and 1 tasks in zone-1. "
        "AZ Rebalancing in progress.");
  // It is on its way: nobody goes, and no other comes.
  village.look();
  CHECK(village.starts() + village.stops() == 0);
  village.arrive();
  village.second += 3;
  village.look();
  REQUIRE(village.stops() == 1);
  CHECK(village.plan.stops[0].zone == "zone-0");
  village.look();
  CHECK(village.starts() + village.stops() == 0);
  CHECK(countsIn(village) == std::map<std::string, int64_t>{{"zone-0", 2}, {"zone-1", 2}});
  CHECK(village.said.back() == "(service web) has reached a steady state.");
  CHECK(village.says("(service web) is AZ balanced with 2 tasks in zone-0 and 2 tasks in zone-1."));
  CHECK(village.moves == 1);
}

TEST_CASE("zones that differ by one task, or that nobody asked about, are left alone") {
  for (const auto& counts : {std::vector<int64_t>{2, 1}, {1, 0}, {2, 2, 1}}) {
    Village village = steady(counts);
    rest(village);
    CHECK(village.moves == 0);
  }
  Village village = steady({4, 0});
  village.view.zones.clear();
  rest(village);
  CHECK(village.moves == 0);
}

TEST_CASE(
    "no task is moved beyond the maximum, while a deployment goes on, or while failures are waited out") {
  Village tight = steady({4, 0});
  tight.view.service.rules.maximumPercent = 100;
  rest(tight);
  CHECK(tight.moves == 0);
  Village rolled = steady({4, 0});
  rolled.primary().rollout = RolloutState::InProgress;
  rolled.look();
  CHECK(rolled.moves == 0);
  Village failing = steady({4, 0});
  failing.primary().setbacks = {3, at(failing.second)};
  failing.look();
  CHECK(failing.moves == 0);
  REQUIRE(failing.plan.lookAgain);
}

TEST_CASE("without room in an emptier zone nothing goes, and it says so once") {
  Village village = steady({4, 0, 1});
  village.room = {{"zone-1", 0}, {"zone-2", 0}};
  for (int i = 0; i < 10; ++i) village.look();
  CHECK(village.view.tasks.size() == 5);
  CHECK(std::ranges::count_if(village.said, [](const std::string& one) {
          return one.find("AZ Rebalancing in progress.") != std::string::npos;
        }) == 1);
  // The next emptiest is good enough.
  village.room["zone-2"] = 5;
  rest(village);
  CHECK(countsIn(village) == std::map<std::string, int64_t>{{"zone-0", 3}, {"zone-1", 0}, {"zone-2", 2}});
}

TEST_CASE("protected tasks are never moved, and the zones are made even when their time is over") {
  Village village = steady({3, 0});
  for (ServiceTask& task : village.view.tasks) task.protectedUntil = at(500);
  village.look();
  CHECK(village.moves == 0);
  CHECK(village.plan.lookAgain == at(500));
  village.second = 501;
  rest(village);
  CHECK(countsIn(village) == std::map<std::string, int64_t>{{"zone-0", 2}, {"zone-1", 1}});
}

TEST_CASE(
    "whatever the zones, their room and protection are, moves end, within the bounds, and even it out") {
  size_t moved = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SeededRandom random(seed);
    CAPTURE(seed);
    std::vector<int64_t> counts(2 + random.below(4));
    for (int64_t& count : counts) count = static_cast<int64_t>(random.below(7));
    Village village = steady(counts);
    std::set<std::string> keep;
    for (ServiceTask& task : village.view.tasks) {
      if (random.below(4) != 0) continue;
      task.protectedUntil = at(100'000);
      keep.insert(std::string(task.id));
    }
    for (const std::string& zone : village.view.zones) {
      if (random.below(3) == 0) village.room[zone] = static_cast<int64_t>(random.below(3));
    }
    const int64_t desired = village.view.service.desiredCount;
    for (int step = 0; step < 150; ++step) {
      village.look();
      REQUIRE(std::ssize(village.view.tasks) <= desired * 2);
      REQUIRE(village.running() >= desired);
      if (random.below(2) == 0) village.arrive();
      village.second += 2;
    }
    rest(village);
    size_t kept = 0;
    for (const ServiceTask& task : village.view.tasks) kept += keep.count(std::string(task.id));
    REQUIRE(kept == keep.size());
    // No task that may go is in a zone that has two more than one with room.
    const auto after = countsIn(village);
    for (const ServiceTask& task : village.view.tasks) {
      for (const auto& [zone, count] : after) {
        const bool full = village.room.contains(zone) && village.room[zone] == 0;
        const bool stuck = full || task.protectedUntil;
        REQUIRE((stuck || after.at(std::string(task.zone)) <= count + 1));
      }
    }
    moved += static_cast<size_t>(village.moves);
  }
  CHECK(moved > 400);
}
