// The log of changes as it grows, for those who follow it.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "common/async/event.hpp"
#include "controller/core/controller.hpp"
#include "controller/events/event_log.hpp"

namespace berth::controller {

class EventFeed {
 public:
  /// Positions begin with the microseconds of now, so those of an earlier run are lower.
  EventFeed(size_t capacity, const Clock& clock);

  /// Adds what became durable.
  void add(const Output& output, const State& state);
  /// The state that changes will be of, after a start.
  void know(const State& state) { log_.know(state); }

  MonoTime now() const { return clock_.now().mono; }
  const EventLog& log() const { return log_; }
  /// Returns when there may be more, or `timeout` has passed.
  Async<void> wait(Duration timeout);
  /// Lets all that wait go on.
  void wake();
  /// Since when an instance has no session, if it lost one in this run.
  std::optional<WallTime> lostSince(const std::string& instance) const;

 private:
  const Clock& clock_;
  EventLog log_;
  Event more_;
  size_t waiting_ = 0;
  std::unordered_map<std::string, WallTime> lost_;
};

}  // namespace berth::controller
