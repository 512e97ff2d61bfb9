// BERTH_SEED=N replays one seed; BERTH_SEEDS=N runs so many (1,000 by default, 100 under sanitizers), on two
// threads.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "tests/simulation/scenario.hpp"

namespace berth::simulation {
namespace {

// A seed takes some twenty times as long under a sanitizer.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr uint64_t kSeeds = 100;
#else
constexpr uint64_t kSeeds = 1000;
#endif

uint64_t fromEnvironment(const char* name, uint64_t fallback) {
  const char* value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 10) : fallback;
}

/// Of the fifty that a seed asks for: invariants say little of tasks that find no place.
constexpr uint64_t kFewestTasks = 30;

/// The violation of a seed, or an empty string. Adds the tasks that there were to `tasks`.
std::string failureOf(uint64_t seed, std::atomic<uint64_t>& tasks) {
  try {
    const ScenarioResult result = Scenario(seed, ScenarioOptions{}).run();
    tasks += result.running + result.stopped;
  } catch (const Violation& violation) {
    return "seed " + std::to_string(seed) + ": " + violation.what() +
           "  (replay: BERTH_SEED=" + std::to_string(seed) + " simulation)";
  }
  return "";
}

}  // namespace

TEST_CASE("the invariants hold after every step, whatever fails") {
  uint64_t only = fromEnvironment("BERTH_SEED", 0);
  uint64_t first = only ? only : 1;
  uint64_t last = only ? only : fromEnvironment("BERTH_SEEDS", kSeeds);
  std::atomic<uint64_t> next{first};
  std::atomic<uint64_t> tasks{0};
  std::mutex lock;
  std::vector<std::string> failures;
  auto work = [&] {
    for (uint64_t seed = next++; seed <= last; seed = next++) {
      std::string failure = failureOf(seed, tasks);
      std::scoped_lock held(lock);
      if (!failure.empty()) failures.push_back(failure);
      if (failures.size() > 5) return;
    }
  };
  std::thread other(work);
  work();
  other.join();
  for (const std::string& failure : failures) UNSCOPED_INFO(failure);
  REQUIRE(failures.empty());
  INFO(tasks << " tasks");
  CHECK(tasks >= kFewestTasks * (last - first + 1));
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
