#include "agent/endpoints/start_metrics.hpp"

#include <vector>

namespace berth::agent::endpoints {
namespace {

const std::vector<double> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60};

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void StartMetrics::observe(const StartMark& mark) {
  if (mark.step == StartStep::Received) return;
  const std::lock_guard held(lock_);
  registry_
      .histogram("berth_agent_start_step_seconds",
                 "Time of each step of a task's start since the step before it.", kBounds,
                 {{"step", label(mark.step)}})
      .observe(seconds(mark.took));
  if (mark.step != StartStep::Sent) return;
  registry_
      .histogram("berth_agent_start_seconds", "Time from a task's payload to the report of RUNNING.", kBounds)
      .observe(seconds(mark.after));
}

std::string StartMetrics::text() const {
  const std::lock_guard held(lock_);
  return registry_.render();
}

}  // namespace berth::agent::endpoints
