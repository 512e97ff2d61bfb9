// Coroutines on one single-threaded io_context: the result type, how to start one, and how to sleep.
// Nothing here is safe to call from another thread.
#pragma once

#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <stop_token>
#include <string>

#include "common/log/log.hpp"
#include "common/time/clock.hpp"

namespace berth {

/// What a coroutine returns. It starts when it is awaited (or spawned), not when it is called.
template <class T>
using Async = boost::asio::awaitable<T>;

/// io_context::get_executor() converts to it.
using Executor = boost::asio::any_io_executor;

/// Logs the exception that ended the coroutine `name`, if any.
void logEscaped(Log& log, const std::string& name, const std::exception_ptr& escaped);

/// Starts the coroutine that the lambda `body` makes, later, on `executor`. The lambda itself is kept until
/// the coroutine ends, so its captures are safe. An exception that escapes is a bug: it is logged with
/// `name` and ends only this coroutine. `log` must outlive it.
template <class Body>
void spawn(Executor executor, Log& log, std::string name, Body body) {
  boost::asio::co_spawn(executor, std::move(body),
                        [&log, name = std::move(name)](std::exception_ptr escaped) {
                          if (escaped) logEscaped(log, name, escaped);
                        });
}

/// Suspends for `duration`. True: it passed. False: `stop` was requested before or meanwhile.
Async<bool> sleepFor(Duration duration, std::stop_token stop = {});

}  // namespace berth
