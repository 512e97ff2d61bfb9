#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <stdexcept>
#include <thread>

#include "common/async/async.hpp"
#include "common/async/blocking_pool.hpp"
#include "common/async/callback.hpp"
#include "common/async/gate.hpp"

namespace berth {
namespace {

using namespace std::chrono_literals;

/// Keeps the messages.
class CapturedLog final : public Log {
 public:
  bool enabled(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view message, std::span<const LogField> fields) override {
    lines.emplace_back(message);
    for (const LogField& field : fields) {
      if (const auto* text = std::get_if<std::string_view>(&field.value))
        lines.back() += " " + std::string(*text);
    }
  }
  std::vector<std::string> lines;
};

template <class Body>
void start(boost::asio::io_context& io, Body body) {
  static NullLog log;
  spawn(io.get_executor(), log, "test", std::move(body));
}

TEST_CASE("an event lets present and later waiters through until it is reset") {
  boost::asio::io_context io;
  Event event;
  std::vector<bool> seen;
  for (int i = 0; i < 2; ++i) {
    start(io, [&]() -> Async<void> { seen.push_back(co_await event.wait()); });
  }
  io.poll();
  CHECK(seen.empty());

  event.set();
  event.reset();
  CHECK(seen.empty());  // never from inside set()
  io.poll();
  CHECK(seen == std::vector<bool>{true, true});

  start(io, [&]() -> Async<void> { seen.push_back(co_await event.wait(0ms)); });
  io.restart();
  io.run();
  CHECK(seen == std::vector<bool>{true, true, false});

  event.set();
  start(io, [&]() -> Async<void> { seen.push_back(co_await event.wait(0ms)); });
  io.restart();
  io.run();
  CHECK(seen.back());
}

TEST_CASE("an event may be destroyed while a coroutine waits for it") {
  boost::asio::io_context io;
  auto event = std::make_unique<Event>();
  bool through = false;
  start(io, [&]() -> Async<void> { through = co_await event->wait(); });
  io.poll();
  event.reset();
  io.run();
  CHECK(through);
}

TEST_CASE("a loop that is destroyed takes its waiting coroutines along") {
  const auto witness = std::make_shared<int>(1);
  Event event;
  Gate gate;
  {
    boost::asio::io_context io;
    start(io, [&, witness, pass = gate.enter()]() -> Async<void> { co_await event.wait(); });
    io.poll();
    CHECK(witness.use_count() == 2);
  }
  CHECK(witness.use_count() == 1);
  CHECK(gate.inside() == 0);
  event.set();
}

TEST_CASE("a sleep ends when its time is over or when it is stopped") {
  boost::asio::io_context io;
  std::stop_source stop;
  std::vector<std::string> order;
  start(io, [&]() -> Async<void> {
    CHECK_FALSE(co_await sleepFor(1h, stop.get_token()));
    order.push_back("stopped");
    CHECK_FALSE(co_await sleepFor(1h, stop.get_token()));
    order.push_back("was stopped already");
  });
  start(io, [&]() -> Async<void> {
    CHECK(co_await sleepFor(1ms));
    order.push_back("slept");
    stop.request_stop();
  });
  io.run();
  CHECK(order == std::vector<std::string>{"slept", "stopped", "was stopped already"});
}

TEST_CASE("a closed gate lets nobody in and waits until everybody is out") {
  boost::asio::io_context io;
  Gate gate;
  Event leave;
  std::vector<std::string> order;
  start(io, [&, pass = gate.enter()]() -> Async<void> {
    co_await leave.wait();
    order.push_back("left");
  });
  start(io, [&]() -> Async<void> {
    co_await gate.close();
    order.push_back("closed");
    co_await gate.close();
    order.push_back("closed again");
  });
  io.poll();
  CHECK(gate.inside() == 1);
  CHECK(gate.closed());
  CHECK_FALSE(gate.enter());
  CHECK(order.empty());
  leave.set();
  io.run();
  CHECK(order == std::vector<std::string>{"left", "closed", "closed again"});
}

TEST_CASE("an empty gate closes at once") {
  boost::asio::io_context io;
  Gate gate;
  bool closed = false;
  start(io, [&]() -> Async<void> {
    co_await gate.close();
    closed = true;
  });
  io.run();
  CHECK(closed);
}

TEST_CASE("the pool runs a call on another thread and resumes the caller on its own") {
  boost::asio::io_context io;
  BlockingPool pool(2);
  const auto loop = std::this_thread::get_id();
  int answers = 0;
  start(io, [&]() -> Async<void> {
    const auto where = co_await pool.run([] { return std::this_thread::get_id(); });
    CHECK(where != loop);
    CHECK(std::this_thread::get_id() == loop);
    auto moved = co_await pool.run(
        [text = std::make_unique<std::string>("kept")]() mutable { return std::move(text); });
    CHECK(*moved == "kept");
    co_await pool.run([&answers] { ++answers; });
    ++answers;
  });
  io.run();
  CHECK(answers == 2);
}

TEST_CASE("an exception in the pool reaches the caller") {
  boost::asio::io_context io;
  BlockingPool pool(1);
  std::string what;
  start(io, [&]() -> Async<void> {
    try {
      co_await pool.run([]() -> int { throw std::runtime_error("disk"); });
    } catch (const std::runtime_error& e) {
      what = e.what();
    }
  });
  io.run();
  CHECK(what == "disk");
}

TEST_CASE("the pool never runs more calls at once than it has threads") {
  boost::asio::io_context io;
  BlockingPool pool(2);
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  int done = 0;
  for (int i = 0; i < 50; ++i) {
    start(io, [&]() -> Async<void> {
      co_await pool.run([&] {
        const int now = ++running;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        --running;
      });
      ++done;
    });
  }
  io.run();
  CHECK(done == 50);
  CHECK(most <= 2);
}

TEST_CASE("an exception that escapes a spawned coroutine is logged and ends only that one") {
  boost::asio::io_context io;
  CapturedLog log;
  bool other = false;
  spawn(io.get_executor(), log, "broken", []() -> Async<void> {
    throw std::runtime_error("boom");
    co_return;
  });
  spawn(io.get_executor(), log, "fine", [&other]() -> Async<void> {
    other = true;
    co_return;
  });
  io.run();
  CHECK(other);
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0] == "coroutine ended by an exception broken boom");
}

TEST_CASE("a callback call is awaited, whether it answers at once, later or never") {
  boost::asio::io_context io;
  std::function<void(Result<int>)> kept;
  std::vector<std::string> seen;
  start(io, [&]() -> Async<void> {
    const Result<int> now = co_await loopAwait<int>([](auto done) {
      done(7);
      done(8);
    });
    seen.push_back(std::to_string(now.value()));
    const Result<int> later = co_await loopAwait<int>([&](auto done) { kept = std::move(done); });
    seen.push_back(later.error().message);
    const Result<int> never = co_await loopAwait<int>([](auto) {});
    seen.push_back(std::string(codeName(never.error().code)));
    const Result<int> dropped = co_await loopAwait<int>([&](auto done) { kept = std::move(done); });
    seen.push_back(std::string(codeName(dropped.error().code)));
  });
  io.poll();
  CHECK(seen == std::vector<std::string>{"7"});
  kept(makeError(Code::NotFound, "no such thing"));
  kept = nullptr;
  io.poll();
  CHECK(seen == std::vector<std::string>{"7", "no such thing", "cancelled"});
  kept = nullptr;
  io.poll();
  CHECK(seen.size() == 4);
  CHECK(seen.back() == "cancelled");
}

}  // namespace
}  // namespace berth
