// A crash at any persist point leads to the same end as none.
#include <catch2/catch.hpp>

#include "tests/simulation/scenario.hpp"

namespace berth::simulation {
namespace {

ScenarioResult outcome(uint64_t seed, Crash crash) {
  ScenarioOptions options;
  options.agents = 1;
  options.plan = {{"web"}, {"job"}, {"chain"}, {"again"}, {"web", true}, {"crash"}};
  options.crash = crash;
  return Scenario(seed, options).run();
}

/// What differs from the end of a run without a crash, or an empty string.
std::string difference(uint64_t seed, Crash crash, const ScenarioResult& undisturbed) {
  try {
    const ScenarioResult result = outcome(seed, crash);
    for (size_t i = 0; i < result.ends.size(); ++i) {
      if (result.ends[i] != undisturbed.ends[i]) return result.ends[i] + " and not " + undisturbed.ends[i];
    }
  } catch (const Violation& violation) {
    return violation.what();
  }
  return "";
}

/// What was asked for may still be under way when the process runs again, or long be done.
Duration downIn(uint64_t seed) {
  return seed % 2 == 1 ? std::chrono::milliseconds(20) : std::chrono::milliseconds(2000);
}

void crashAtEach(Crash::Who who, uint64_t ScenarioResult::* commits) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const ScenarioResult undisturbed = outcome(seed, Crash{});
    REQUIRE(undisturbed.*commits > 20);
    for (uint64_t commit = 1; commit <= undisturbed.*commits; ++commit) {
      for (bool durable : {false, true}) {
        INFO("seed " << seed << ", " << (durable ? "after" : "before") << " commit " << commit << " of "
                     << undisturbed.*commits);
        CHECK(difference(seed, Crash{who, commit, durable, downIn(seed)}, undisturbed) == "");
      }
    }
  }
}

}  // namespace

TEST_CASE("an agent that is killed at any persist point comes to the same end") {
  crashAtEach(Crash::Who::Agent, &ScenarioResult::agentCommits);
}

TEST_CASE("a controller that is killed at any persist point comes to the same end") {
  crashAtEach(Crash::Who::Controller, &ScenarioResult::controllerCommits);
}

TEST_CASE("an undisturbed run ends as its plan has it") {
  const ScenarioResult result = outcome(1, Crash{});
  CHECK(result.running == 3);
  CHECK(result.ends[1] == "job STOPPED EssentialContainerExited, main STOPPED 0, side STOPPED");
  CHECK(result.ends[4] == "web STOPPED UserInitiated, main STOPPED 143, side STOPPED");
}

}  // namespace berth::simulation
