#include "controller/server/discovery.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

namespace berth::controller {

struct Discovery::Timer {
  explicit Timer(boost::asio::io_context& io) : deadline(io) {}
  boost::asio::steady_timer deadline;
  std::optional<MonoTime> at;
};

Discovery::Discovery(boost::asio::io_context& io, Duration keepLost, const Clock& clock)
    : clock_(clock), index_(keepLost), timer_(std::make_shared<Timer>(io)) {}

Discovery::~Discovery() { timer_->deadline.cancel(); }

void Discovery::know(const State& state) {
  state_ = &state;
  index_.load(state, clock_.now().mono);
  armTimer();
}

void Discovery::add(const Output& output) {
  if (!state_ || (output.mutations.empty() && output.lost.empty())) return;
  index_.changed(output.mutations, output.lost, *state_, clock_.now().mono);
  armTimer();
}

void Discovery::armTimer() {
  const auto next = index_.nextExpiry();
  if (!next || (timer_->at && *timer_->at <= *next)) return;
  timer_->at = *next;
  const Duration delay = std::max(*next - clock_.now().mono, Duration(std::chrono::milliseconds(1)));
  timer_->deadline.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(delay));
  timer_->deadline.async_wait([this, alive = std::weak_ptr(timer_)](boost::system::error_code fault) {
    if (fault || alive.expired()) return;
    timer_->at.reset();
    index_.expire(*state_, clock_.now().mono);
    armTimer();
  });
}

}  // namespace berth::controller
