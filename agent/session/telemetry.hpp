// Samples of the containers' resource use, summed up between publications. No I/O but through the port.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/engine/engine.hpp"
#include "agent/ports/usage.hpp"
#include "proto/tcs/messages.hpp"

namespace berth::agent {

class Telemetry {
 public:
  /// `cpus`: of the host; CPU is published as percent of all of them.
  explicit Telemetry(int64_t cpus) : cpus_(cpus) {}

  /// Reads every running container once. One that can't be read is left out of this round.
  void sample(const std::map<std::string, Task>& tasks, UsageSource& source, MonoTime now);

  /// The round's messages: at most 10 tasks each, all with one id, the last with fin; one idle message when
  /// there is nothing. Containers with fewer than two samples are left out. The sets start anew.
  std::vector<tcs::PublishMetrics> takeMetrics(const std::map<std::string, Task>& tasks,
                                               const Identity& identity, const std::string& messageId,
                                               WallTime now);

  /// The health of the containers that have a check; nullopt when there are none.
  static std::optional<tcs::PublishHealth> health(const std::map<std::string, Task>& tasks,
                                                  const Identity& identity, const std::string& messageId,
                                                  WallTime now);

 private:
  struct Series {
    tcs::ContainerMetric metric;
    std::optional<Usage> last;
    MonoTime lastAt{};
    bool seen = false;
  };

  void add(Series& series, const Usage& usage, MonoTime now) const;

  int64_t cpus_;
  std::map<std::string, Series> series_;  ///< by runtime id
};

}  // namespace berth::agent
