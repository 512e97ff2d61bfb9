// BERTH_SEED=N replays one seed; BERTH_SEEDS=N runs so many (1,000 by default, 100 under sanitizers), on two
// threads.
#include <catch2/catch.hpp>

#include "tests/simulation/seeds.hpp"

namespace berth::simulation {
namespace {

// A seed takes some twenty times as long under a sanitizer.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr uint64_t kSeeds = 100;
#else
constexpr uint64_t kSeeds = 1000;
#endif

/// Of the fifty that a seed asks for: invariants say little of tasks that find no place.
constexpr uint64_t kFewestTasks = 30;

}  // namespace

TEST_CASE("the invariants hold, whatever fails") {
  uint64_t only = fromEnvironment("BERTH_SEED", 0);
  uint64_t first = only ? only : 1;
  uint64_t last = only ? only : fromEnvironment("BERTH_SEEDS", kSeeds);
  uint64_t tasks = 0;
  uint64_t lost = 0;
  const auto failures =
      failuresOf(first, last, ScenarioOptions{}, "BERTH_SEED", [&](const ScenarioResult& result) {
        tasks += result.running + result.stopped;
        lost += result.lost;
      });
  for (const std::string& failure : failures) UNSCOPED_INFO(failure);
  REQUIRE(failures.empty());
  INFO(tasks << " tasks, agents lost " << lost << " times");
  CHECK(tasks >= kFewestTasks * (last - first + 1));
  CHECK((only || lost >= (last - first + 1) / 50));
}

TEST_CASE("a seed repeats exactly") {
  ScenarioResult once = Scenario(42, ScenarioOptions{}).run();
  ScenarioResult again = Scenario(42, ScenarioOptions{}).run();
  CHECK(once.steps == again.steps);
  CHECK(once.fingerprint == again.fingerprint);
  CHECK(once.stopped > 0);
  CHECK(once.running > 0);
}

}  // namespace berth::simulation
