// BERTH_SERVICES_SEED=N replays one seed; BERTH_SERVICES_SEEDS=N runs so many.
#include <catch2/catch.hpp>

#include "tests/simulation/seeds.hpp"

namespace berth::simulation {
namespace {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr uint64_t kServicesSeeds = 10;
#else
constexpr uint64_t kServicesSeeds = 100;
#endif

}  // namespace

TEST_CASE("services and jobs keep their rules and come to rest, whatever fails") {
  ScenarioOptions options;
  options.tasks = 5;
  options.services = 4;
  options.jobs = true;
  const uint64_t only = fromEnvironment("BERTH_SERVICES_SEED", 0);
  const uint64_t first = only ? only : 1;
  const uint64_t last = only ? only : fromEnvironment("BERTH_SERVICES_SEEDS", kServicesSeeds);
  size_t rolled = 0;
  size_t replaced = 0;
  size_t alarmed = 0;
  size_t runs = 0;
  size_t retried = 0;
  const auto failures =
      failuresOf(first, last, options, "BERTH_SERVICES_SEED", [&](const ScenarioResult& result) {
        rolled += result.rolled;
        replaced += result.servicesReplaced;
        alarmed += result.alarmed;
        runs += result.jobRuns;
        retried += result.retried;
      });
  for (const std::string& failure : failures) UNSCOPED_INFO(failure);
  REQUIRE(failures.empty());
  INFO(rolled << " tasks rolled, " << replaced << " replaced, " << alarmed
              << " deployments ended by an alarm; " << runs << " runs of jobs, " << retried
              << " attempts behind the first");
  CHECK((only || rolled >= 10 * (last - first + 1)));
  CHECK((only || replaced >= (last - first + 1) / 5));
  CHECK((only || alarmed >= (last - first + 1) / 2));
  CHECK((only || runs >= 10 * (last - first + 1)));
  CHECK((only || retried >= last - first + 1));
}

}  // namespace berth::simulation
