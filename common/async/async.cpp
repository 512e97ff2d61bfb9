#include "common/async/async.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace berth {

void logEscaped(Log& log, const std::string& name, const std::exception_ptr& escaped) {
  try {
    std::rethrow_exception(escaped);
  } catch (const std::exception& e) {
    log.error("coroutine ended by an exception", {{"coroutine", name}, {"what", e.what()}});
  } catch (...) {
    log.error("coroutine ended by an exception", {{"coroutine", name}, {"what", "of an unknown type"}});
  }
}

Async<bool> sleepFor(Duration duration, std::stop_token stop) {
  if (stop.stop_requested()) co_return false;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_after(duration);
  const std::stop_callback wake(stop, [&timer] { timer.cancel(); });
  boost::system::error_code ignored;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  co_return !stop.stop_requested();
}

}  // namespace berth
