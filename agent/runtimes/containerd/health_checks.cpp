#include "agent/runtimes/containerd/health_checks.hpp"

#include <utility>

#include "common/async/event.hpp"

namespace berth::agent::containerd {
namespace {

constexpr size_t kMostOfProbe = 1024;

}  // namespace

bool HealthTrack::note(ProbeResult result, Duration age) {
  const HealthState before = state_;
  const bool good = result.exitCode == 0;
  last_ = std::move(result);
  if (good) {
    failures_ = 0;
    state_ = HealthState::Healthy;
  } else if (state_ != HealthState::Unknown || age >= plan_.startPeriod) {
    ++failures_;
    if (failures_ >= plan_.retries) state_ = HealthState::Unhealthy;
  }
  return state_ != before;
}

void HealthChecks::watch(const std::string& id, const HealthPlan& plan, std::optional<WallTime> startedAt) {
  if (watched_.contains(id)) return;
  const WallTime now = parts_.clock.now().wall;
  const auto watched =
      std::make_shared<Watched>(Watched{id, plan, HealthTrack(plan), startedAt.value_or(now)});
  watched_[id] = watched;
  const bool atOnce = now - watched->startedAt >= plan.interval;
  spawn(parts_.executor, parts_.log, "health check",
        [self = shared_from_this(), watched, atOnce] { return self->run(watched, atOnce); });
}

void HealthChecks::forget(const std::string& id) {
  const auto found = watched_.find(id);
  if (found == watched_.end()) return;
  found->second->over = true;
  watched_.erase(found);
}

void HealthChecks::describe(RuntimeContainer& out) const {
  const auto found = watched_.find(out.id);
  if (found == watched_.end()) return;
  const HealthTrack& track = found->second->track;
  out.health = track.state();
  if (!track.last()) return;
  out.healthOutput = track.last()->output;
  out.healthExitCode = track.last()->exitCode;
}

Async<void> HealthChecks::run(std::shared_ptr<Watched> watched, bool atOnce) {
  const auto self = shared_from_this();
  while (!watched->over) {
    if (!std::exchange(atOnce, false) && !co_await sleepFor(watched->plan.interval, parts_.stop)) co_return;
    if (watched->over) co_return;
    const Duration age = parts_.clock.now().wall - watched->startedAt;
    ProbeResult result = co_await probe(watched);
    if (watched->over || parts_.stop.stop_requested()) co_return;
    if (watched->track.note(std::move(result), age)) parts_.onChange(watched->id);
  }
}

Async<ProbeResult> HealthChecks::probe(std::shared_ptr<Watched> watched) {
  struct Probe {
    std::shared_ptr<ContainerProcess> process;
    std::string output;
    std::optional<int> code;
    Event done;
  };
  const auto opened = co_await parts_.exec(ExecSpec{watched->id, watched->plan.command, "", false, false});
  if (!opened) co_return ProbeResult{-1, opened.error().message.substr(0, kMostOfProbe)};
  const auto probe = std::make_shared<Probe>();
  probe->process = *opened;
  probe->process->closeInput();
  spawn(parts_.executor, parts_.log, "health check's command", [probe]() -> Async<void> {
    // To the end: a command whose output nobody takes would wait for that.
    while (const auto piece = co_await probe->process->read()) {
      if (!*piece) break;
      probe->output += (*piece)->bytes.substr(0, kMostOfProbe - std::min(kMostOfProbe, probe->output.size()));
    }
    const Result<int> code = co_await probe->process->exitCode();
    if (code) probe->code = *code;
    probe->done.set();
  });
  const bool inTime = co_await probe->done.wait(watched->plan.timeout);
  co_await probe->process->end(Duration::zero());
  if (!inTime) {
    co_return ProbeResult{-1,
                          "Health check exceeded timeout (" + formatDuration(watched->plan.timeout) + ")"};
  }
  co_return ProbeResult{probe->code.value_or(-1), probe->output};
}

}  // namespace berth::agent::containerd
