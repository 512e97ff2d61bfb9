// Growing delays between attempts, with jitter that is always added (amazon-ecs-agent,
// ecs-agent/utils/retry).
#pragma once

#include <algorithm>

#include "common/ids/random.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

class Backoff {
 public:
  struct Shape {
    Duration first;
    Duration most;
    double factor;
    double jitter;  ///< at most this fraction of the delay is added
  };

  Backoff(Shape shape, Random& random) : shape_(shape), random_(random), next_(shape.first) {}

  /// The delay before the next attempt; each is longer than the one before, up to `most`.
  Duration next() {
    Duration delay = next_;
    next_ = std::min(shape_.most, scale(next_, shape_.factor));
    return delay + scale(delay, shape_.jitter * random_.uniform());
  }
  void reset() { next_ = shape_.first; }

 private:
  static Duration scale(Duration duration, double by) {
    return Duration(static_cast<int64_t>(static_cast<double>(duration.count()) * by));
  }

  Shape shape_;
  Random& random_;
  Duration next_;
};

}  // namespace berth::agent
