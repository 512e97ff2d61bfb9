// Users of jobs: they put some, and run one by hand while things go wrong.
#include "tests/simulation/families.hpp"
#include "tests/simulation/scenario.hpp"

namespace berth::simulation {
namespace {

using std::chrono::seconds;

constexpr Duration kBetweenRuns = seconds(40);
/// How long before the end jobs are paused.
constexpr Duration kRest = seconds(60);

Json retry(int64_t attempts) { return Json{{"attempts", attempts}, {"backoff", "2s"}}; }

}  // namespace

void Scenario::setUpJobs() {
  if (!options_.jobs) return;
  const auto put = [this](const char* name, const Json& job) {
    call("PutJob", Json{{"name", name}, {"job", job}}, [](const Json&) {});
  };
  const char* each_minute = "rate(1 minute)";
  put("tick", {{"taskDefinition", "job"}, {"schedule", each_minute}, {"retry", retry(3)}});
  // Its tasks do not end by themselves.
  put("relay", {{"taskDefinition", "small"}, {"schedule", each_minute}, {"overlap", "replace"}});
  put("brief", {{"taskDefinition", "small"},
                {"schedule", each_minute},
                {"overlap", "allow"},
                {"maxLifetime", "20s"},
                {"missed", "skip"}});
  put("sore", {{"taskDefinition", "crash"}, {"retry", retry(3)}, {"overlap", "skip"}});
  runJobByHand();
  cluster_.world().after(options_.faults + options_.quiet - kRest, forever_, [this] { restJobs(); });
}

/// The end is a time without anything under way.
void Scenario::restJobs() {
  jobs_.checkEnd(cluster_.controller().state(), cluster_.world().now().wall);
  for (const char* name : {"tick", "relay", "brief"})
    call("PauseJob", Json{{"name", name}}, [](const Json&) {});
}

void Scenario::runJobByHand() {
  World& world = cluster_.world();
  if (!world.faults()) return;
  world.after(world.between(seconds(5), kBetweenRuns), forever_,
              [this] { call("RunJob", Json{{"name", "sore"}}, [this](const Json&) { runJobByHand(); }); });
}

}  // namespace berth::simulation
