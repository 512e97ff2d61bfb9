#include "controller/server/event_feed.hpp"

#include <chrono>

namespace berth::controller {

EventFeed::EventFeed(size_t capacity, const Clock& clock)
    : clock_(clock), log_(capacity, toEpochMillis(clock.now().wall) * 1000) {}

void EventFeed::add(const Output& output, const State& state) {
  if (output.mutations.empty() && output.lost.empty()) return;
  const int64_t before = log_.end();
  const WallTime now = clock_.now().wall;
  log_.add(output.mutations, output.lost, state, now);
  for (const std::string& instance : output.lost) lost_[instance] = now;
  if (waiting_ > 0 && log_.end() > before) wake();
}

Async<void> EventFeed::wait(Duration timeout) {
  ++waiting_;
  co_await more_.wait(timeout);
  --waiting_;
}

void EventFeed::wake() {
  more_.set();
  more_.reset();
}

std::optional<WallTime> EventFeed::lostSince(const std::string& instance) const {
  const auto found = lost_.find(instance);
  return found == lost_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace berth::controller
