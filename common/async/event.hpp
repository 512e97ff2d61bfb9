// An event that coroutines wait for.
#pragma once

#include <memory>
#include <optional>

#include "common/async/async.hpp"

namespace berth {

/// Manual reset: once set, every present and later wait() is through until reset(). One that was waiting
/// when set() was called is let through even if reset() follows at once.
class Event {
 public:
  Event();
  /// Waiting coroutines are let through, as by set().
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void set();
  void reset();
  bool isSet() const;

  /// True when the event is set; false when `timeout` passed first. Waiters resume later, on their own
  /// executor, never from inside set(). The event may be destroyed while a coroutine waits.
  Async<bool> wait(std::optional<Duration> timeout = std::nullopt);

 private:
  struct State;
  static Async<bool> waitOn(std::shared_ptr<State> state, std::optional<Duration> timeout);

  std::shared_ptr<State> state_;
};

}  // namespace berth
