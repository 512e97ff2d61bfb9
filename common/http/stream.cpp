#include "common/http/stream.hpp"

#include <optional>

namespace berth::http {

struct Deadline::State : std::enable_shared_from_this<Deadline::State> {
  using TimePoint = boost::asio::steady_timer::time_point;

  State(const Executor& executor, std::function<void()> function)
      : timer(executor), expire(std::move(function)) {}

  void schedule() {
    if (!limit || (wakeAt && *wakeAt <= *limit)) return;
    wakeAt = limit;
    timer.expires_at(*limit);
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (self && !error) self->wake();
    });
  }

  void wake() {
    wakeAt.reset();
    if (!limit || boost::asio::steady_timer::clock_type::now() < *limit) return schedule();
    limit.reset();
    expired = true;
    if (expire) expire();
  }

  boost::asio::steady_timer timer;
  std::function<void()> expire;
  std::optional<TimePoint> limit;
  std::optional<TimePoint> wakeAt;  ///< when the timer fires, if it is waited for
  bool expired = false;
};

Deadline::Deadline(Executor executor, std::function<void()> expire)
    : state_(std::make_shared<State>(executor, std::move(expire))) {}

Deadline::~Deadline() {
  state_->expire = nullptr;
  state_->timer.cancel();
}

void Deadline::expireIn(Duration duration) {
  if (duration <= Duration::zero()) return clear();
  expireAt(boost::asio::steady_timer::clock_type::now() + duration);
}

void Deadline::expireAt(std::chrono::steady_clock::time_point time) {
  state_->limit = time;
  state_->schedule();
}

void Deadline::clear() { state_->limit.reset(); }

bool Deadline::expired() const { return state_->expired; }

}  // namespace berth::http
