// Samples of the containers' resource use, summed up between publications. No I/O but through the port.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/engine/engine.hpp"
#include "agent/ports/usage.hpp"
#include "proto/tcs/messages.hpp"

namespace berth::agent {

/// Whom to tell of readings; each may be empty. By the runtime's id of the container.
struct UsageListener {
  /// Counters go on over restarts by policy, as in the published metrics.
  std::function<void(const std::string& runtimeId, const SharedUsage& usage, const HostUsage& host)> read;
  /// It does not run any more, and had been read.
  std::function<void(const std::string& runtimeId)> gone;
};

class Telemetry {
 public:
  /// `cpus`: of the host; CPU is published as percent of all of them. A round that takes longer than
  /// `longestRound`, as nobody takes its metrics, starts anew: what is published is of the recent past.
  explicit Telemetry(int64_t cpus, Duration longestRound = std::chrono::seconds(40))
      : cpus_(cpus), longestRound_(longestRound) {}

  /// Reads every running container once, in one batch. One that can't be read is left out of this round.
  void sample(const std::map<std::string, Task>& tasks, UsageSource& source, MonoTime now,
              const UsageListener& listener = {});

  /// The round's messages: at most 10 tasks each, all with one id, the last with fin; one idle message when
  /// no container runs; none when there is nothing to tell yet. Containers that were read less than twice
  /// are left out. The sets start anew.
  std::vector<tcs::PublishMetrics> takeMetrics(const std::map<std::string, Task>& tasks,
                                               const Identity& identity, const std::string& messageId,
                                               Now now);

 private:
  struct Series {
    tcs::ContainerMetric metric;
    SharedUsage last;  ///< null: none yet
    MonoTime lastAt{};
    int64_t pid = 0;       ///< of the life that `last` is of
    SharedUsage ended;     ///< the last reading of the life before it, if there was one
    int restartsTold = 0;  ///< up to the last publication
    bool seen = false;
  };

  void add(Series& series, const Usage& usage, MonoTime now) const;
  void startRound(MonoTime now);
  std::vector<Series*> aim(const std::map<std::string, Task>& tasks);
  std::vector<tcs::TaskMetric> takeTasks(const std::map<std::string, Task>& tasks, const Identity& identity);

  int64_t cpus_;
  Duration longestRound_;
  std::optional<MonoTime> roundBegan_;
  std::unordered_map<std::string, Series> series_;  ///< by runtime id
  std::vector<UsageTarget> targets_;                ///< of the last batch: its memory is used again
};

/// The envelopes of `message`, each of at most `most` bytes unless a single task takes more: a message that
/// is too long is halved by its tasks, and only the last part keeps its fin.
std::vector<std::string> encodeInParts(tcs::PublishMetrics message, size_t most = size_t{1} << 20);

}  // namespace berth::agent
