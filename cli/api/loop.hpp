// Private to what waits for several things at once: the loop below a Connection.
#pragma once

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>

#include "cli/api/connection.hpp"
#include "common/async/async.hpp"
#include "common/ids/random.hpp"

namespace berth::cli {

class Connection::Loop {
 public:
  explicit Loop(http::ClientOptions options) : http(io, std::move(options)) {}

  /// Runs the loop until `work` has ended.
  template <class T>
  T await(Async<T> work) {
    std::optional<T> result;
    std::exception_ptr escaped;
    bool done = false;
    boost::asio::co_spawn(
        io, [&]() -> Async<void> { result.emplace(co_await std::move(work)); },
        [&](std::exception_ptr thrown) {
          escaped = thrown;
          done = true;
        });
    while (!done) {
      io.restart();
      io.run_one();
    }
    if (escaped) std::rethrow_exception(escaped);
    return std::move(*result);
  }

  boost::asio::io_context io{1};
  http::Client http;
  SystemClock clock;
  SystemRandom random;
  std::stop_source interrupt;
  std::optional<boost::asio::signal_set> signals;
};

}  // namespace berth::cli
