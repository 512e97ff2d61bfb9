// Virtual time: a queue of things that happen, in the order of their time, drawn from one seed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/ids/random.hpp"
#include "common/time/clock.hpp"

namespace berth::simulation {

/// An invariant was broken; the test prints it with the seed.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Shared by all that a process owns: reset to false when it is killed, and what it had scheduled is dropped.
using Alive = std::shared_ptr<bool>;

class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {}

  Random& random() { return random_; }
  Now now() const { return now_; }
  bool faults() const { return faults_; }
  void endFaults() { faults_ = false; }

  bool chance(double probability) { return random_.uniform() < probability; }
  /// True with `probability` while faults are on.
  bool fault(double probability) { return faults_ && chance(probability); }
  Duration between(Duration least, Duration most) {
    return least +
           Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>((most - least).count()) + 1)));
  }

  /// Sets the wall clock, which is then so far off the time that passes. Nothing else notices.
  void setWall(std::chrono::milliseconds off) {
    now_.wall += off - off_;
    off_ = off;
  }
  std::chrono::milliseconds wallOff() const { return off_; }

  /// Runs `what` after `delay`, unless `alive` has been reset by then.
  void after(Duration delay, const Alive& alive, std::function<void()> what) {
    queue_.push(Event{now_.mono + delay, order_++, alive, std::move(what)});
  }

  /// One event. False when there is none before `until`.
  bool step(MonoTime until) {
    if (queue_.empty() || queue_.top().at > until) return false;
    Event event = queue_.top();
    queue_.pop();
    Duration passed = event.at - now_.mono;
    now_.mono = event.at;
    fraction_ += passed;
    auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(fraction_);
    now_.wall += millis;
    fraction_ -= millis;
    if (*event.alive) event.what();
    return true;
  }

 private:
  struct Event {
    MonoTime at;
    uint64_t order;
    Alive alive;
    std::function<void()> what;
    bool operator<(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  SeededRandom random_;
  Now now_{MonoTime(std::chrono::seconds(1)), fromEpochMillis(1'700'000'000'000)};
  Duration fraction_{};
  std::chrono::milliseconds off_{};
  std::priority_queue<Event> queue_;
  uint64_t order_ = 0;
  bool faults_ = true;
};

}  // namespace berth::simulation
