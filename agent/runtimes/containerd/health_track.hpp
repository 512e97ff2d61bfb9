// What probes of a container say of its health, as Docker judges it. Pure.
#pragma once

#include <optional>
#include <string>

#include "agent/ports/runtime.hpp"
#include "agent/runtimes/containerd/container_wish.hpp"

namespace berth::agent::containerd {

struct ProbeResult {
  int exitCode = 0;
  std::string output;
};

/// Unknown until a probe succeeds, or as many in a row have failed as the plan has retries. Failures of the
/// start period count only after a success.
class HealthTrack {
 public:
  explicit HealthTrack(HealthPlan plan) : plan_(std::move(plan)) {}

  /// `age`: how long the container had run when the probe began. Answers whether the state has changed.
  bool note(ProbeResult result, Duration age);

  HealthState state() const { return state_; }
  const std::optional<ProbeResult>& last() const { return last_; }

 private:
  HealthPlan plan_;
  HealthState state_ = HealthState::Unknown;
  int failures_ = 0;  ///< in a row
  std::optional<ProbeResult> last_;
};

}  // namespace berth::agent::containerd
