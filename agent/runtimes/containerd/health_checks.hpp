// Runs the health checks of containers on containerd, which has none of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "agent/runtimes/containerd/health_track.hpp"
#include "agent/streams/container_streams.hpp"
#include "common/log/log.hpp"

namespace berth::agent::containerd {

/// A probe is a command in the container, one at a time, `interval` after the end of the one before. Nothing
/// of it is kept: after a restart of the agent a container's health is Unknown until the first probe, which
/// comes at once.
class HealthChecks : public std::enable_shared_from_this<HealthChecks> {
 public:
  struct Parts {
    Executor executor;
    Log& log;
    const Clock& clock;
    std::function<Async<Result<std::shared_ptr<ContainerProcess>>>(ExecSpec)> exec;
    std::function<void(std::string id)> onChange;
    std::stop_token stop;
  };

  explicit HealthChecks(Parts parts) : parts_(std::move(parts)) {}

  /// The container runs, since `startedAt`; it may be called at any time.
  void watch(const std::string& id, const HealthPlan& plan, std::optional<WallTime> startedAt);
  /// It does not run any more.
  void forget(const std::string& id);
  /// Puts what is known of its health into `out`.
  void describe(RuntimeContainer& out) const;

 private:
  struct Watched {
    std::string id;
    HealthPlan plan;
    HealthTrack track;
    WallTime startedAt{};
    bool over = false;
  };

  Async<void> run(std::shared_ptr<Watched> watched, bool atOnce);
  Async<ProbeResult> probe(std::shared_ptr<Watched> watched);

  Parts parts_;
  std::map<std::string, std::shared_ptr<Watched>> watched_;
};

}  // namespace berth::agent::containerd
