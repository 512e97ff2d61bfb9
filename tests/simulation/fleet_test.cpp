// Five hundred agents and five thousand tasks. BERTH_FLEET_SEED=N replays one seed; BERTH_FLEET_SEEDS=N runs
// so many. Under sanitizers the fleet is smaller.
#include <catch2/catch.hpp>

#include "tests/simulation/seeds.hpp"

namespace berth::simulation {
namespace {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr uint64_t kFleetSeeds = 1;
constexpr size_t kAgents = 60;
#else
constexpr uint64_t kFleetSeeds = 2;
constexpr size_t kAgents = 500;
#endif

/// What a seed at the least has to bring about, for its invariants to say something.
void checkFloor(const ScenarioResult& result, const ScenarioOptions& options) {
  INFO(result.placed << " tasks placed, " << result.running << " run, " << result.stopped << " stopped, "
                     << result.withoutRoom << " calls without room, agents lost " << result.lost
                     << " times, tasks replaced " << result.replaced << ", drained " << result.drained
                     << ", controller crashed " << result.crashes << " times, commits failed "
                     << result.failedCommits << " of " << result.controllerCommits << ", steps "
                     << result.steps);
  CHECK(result.placed >= options.tasks * 8 / 10);
  CHECK(result.running >= options.tasks / 5);
  CHECK(result.stopped >= options.tasks / 5);
  CHECK(result.lost >= options.agents / 100);
  CHECK(result.replaced >= 10);
  CHECK(result.drained >= 50);
  CHECK(result.crashes >= 2);
  CHECK(result.withoutRoom > 0);
  for (const Manner& manner : manners()) {
    INFO(manner.name);
    REQUIRE(result.manners.contains(manner.name));
    CHECK(result.manners.at(manner.name) >= options.tasks / 50);
  }
}

}  // namespace

TEST_CASE("a fleet keeps what it was told and places by the rules, whatever fails") {
  ScenarioOptions options;
  options.fleet = true;
  options.agents = kAgents;
  options.tasks = kAgents * 10;
  options.faults = std::chrono::seconds(150);
  const uint64_t only = fromEnvironment("BERTH_FLEET_SEED", 0);
  const uint64_t first = only ? only : 1;
  const uint64_t last = only ? only : fromEnvironment("BERTH_FLEET_SEEDS", kFleetSeeds);
  uint64_t failed_commits = 0;
  const auto failures =
      failuresOf(first, last, options, "BERTH_FLEET_SEED", [&](const ScenarioResult& result) {
        checkFloor(result, options);
        failed_commits += result.failedCommits;
      });
  for (const std::string& failure : failures) UNSCOPED_INFO(failure);
  REQUIRE(failures.empty());
  CHECK((only || failed_commits > 0));
}

}  // namespace berth::simulation
