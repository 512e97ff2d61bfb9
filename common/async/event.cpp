#include "common/async/event.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>

namespace berth {

namespace {

struct Waiter {
  boost::asio::steady_timer timer;
  bool released = false;
};

}  // namespace

struct Event::State {
  bool set = false;
  std::list<Waiter*> waiters;

  void release() {
    for (Waiter* waiter : waiters) {
      waiter->released = true;
      waiter->timer.cancel();
    }
    waiters.clear();
  }
};

Event::Event() : state_(std::make_shared<State>()) {}

Event::~Event() { state_->release(); }

void Event::set() {
  state_->set = true;
  state_->release();
}

void Event::reset() { state_->set = false; }

bool Event::isSet() const { return state_->set; }

Async<bool> Event::wait(std::optional<Duration> timeout) { return waitOn(state_, timeout); }

Async<bool> Event::waitOn(std::shared_ptr<State> state, std::optional<Duration> timeout) {
  if (state->set) co_return true;
  Waiter waiter{boost::asio::steady_timer(co_await boost::asio::this_coro::executor)};
  if (timeout) {
    waiter.timer.expires_after(*timeout);
  } else {
    waiter.timer.expires_at(boost::asio::steady_timer::time_point::max());
  }
  /// Takes the waiter out again, also when the frame is destroyed while it waits.
  struct Membership {
    State& state;
    Waiter* waiter;
    ~Membership() {
      if (!waiter->released) state.waiters.remove(waiter);
    }
  };
  const Membership membership{*state, &waiter};
  state->waiters.push_back(&waiter);
  boost::system::error_code ignored;
  co_await waiter.timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  co_return waiter.released;
}

}  // namespace berth
