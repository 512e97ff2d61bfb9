// How long the steps of starts took, for Prometheus.
#pragma once

#include <mutex>
#include <string>

#include "agent/model/start_traces.hpp"
#include "common/metrics/registry.hpp"

namespace berth::agent::endpoints {

/// Safe to call from any thread.
class StartMetrics {
 public:
  void observe(const StartMark& mark);
  /// Text format 0.0.4: berth_agent_start_step_seconds by step, and berth_agent_start_seconds from the
  /// payload to the report of RUNNING. Empty before the first start.
  std::string text() const;

 private:
  mutable std::mutex lock_;
  Registry registry_;
};

}  // namespace berth::agent::endpoints
