// What GET /metrics of the controller tells.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "common/metrics/registry.hpp"
#include "common/time/clock.hpp"
#include "controller/api/reply.hpp"
#include "controller/discovery/index.hpp"

namespace berth::controller {

class Metrics {
 public:
  /// `refresh` sets what is read only when someone asks.
  explicit Metrics(std::function<void(Registry&)> refresh);

  /// An API call came to its end, in `took` from its begin to its answer. Tasks that were placed and
  /// failures are counted from the reply.
  void served(const std::string& operation, const Reply& reply, Duration took);
  std::string render();

  Registry registry;
  Counter& calls;
  Counter& refused;
  Counter& throttled;
  Counter& unrecorded;

 private:
  void count(const std::string& operation, const ApiError* error);

  std::function<void(Registry&)> refresh_;
  Histogram& seconds_;
  std::unordered_map<std::string, Counter*> succeeded_;  ///< by operation
};

/// Sets the gauges that follow from the state.
void measure(Registry& registry, const State& state);
/// Likewise of names.
void measure(Registry& registry, const DiscoveryIndex& index);

}  // namespace berth::controller
