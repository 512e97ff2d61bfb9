// A coroutine run to its end on a loop of the test's own.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>

#include "common/async/async.hpp"
#include "common/log/capture.hpp"

namespace berth::test {

/// Fails the test after 20 s; then the log is shown.
inline void runLoop(boost::asio::io_context& io, CaptureLog& log, const std::function<Async<void>()>& body) {
  bool done = false;
  spawn(io.get_executor(), log, "test", [&]() -> Async<void> {
    co_await body();
    done = true;
    io.stop();
  });
  io.restart();
  io.run_for(std::chrono::seconds(20));
  INFO(log.text());
  REQUIRE(done);
}

}  // namespace berth::test
