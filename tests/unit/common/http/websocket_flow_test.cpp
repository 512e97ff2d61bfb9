#include <catch2/catch.hpp>

#include "common/async/event.hpp"
#include "common/http/websocket.hpp"
#include "tests/unit/common/http/support.hpp"

namespace berth::http::test {
namespace {

/// A server whose websockets run `session`, and one client of it.
struct FlowFixture {
  FlowFixture() : server(loop.io, onFreePort(), handler, log) {
    handler.onUpgrade = [this](ServerRequest) -> Async<UpgradeDecision> { co_return session; };
    REQUIRE(server.start().ok());
  }

  Async<std::shared_ptr<WebSocket>> connect() { return connectTo(loop, server); }

  Loop loop;
  TestHandler handler;
  NullLog log;
  Server server;
  WebSocketSession session;
};

TEST_CASE("binary messages may hold bytes that are no text, and text may follow") {
  FlowFixture f;
  f.session = [](std::shared_ptr<WebSocket> socket) -> Async<void> {
    while (auto message = co_await socket->read()) socket->sendBinary(*message);
  };
  f.loop.run([&]() -> Async<void> {
    const auto socket = co_await f.connect();
    const std::string bytes("\x00\xff\xfe", 3);
    socket->sendBinary(bytes);
    socket->send("text");
    CHECK(*(co_await socket->read()) == bytes);
    CHECK(*(co_await socket->read()) == "text");
  });
}

TEST_CASE("who waits for room goes on when the other side has read, or has gone") {
  FlowFixture f;
  Event read;
  Event ended;
  f.session = [&](std::shared_ptr<WebSocket> socket) -> Async<void> {
    CHECK(co_await socket->drained(0));
    for (int i = 0; i < 64; ++i) socket->sendBinary(std::string(size_t{128} << 10, 'x'));
    read.set();
    CHECK(co_await socket->drained(1024));
    for (int i = 0; i < 64; ++i) socket->sendBinary(std::string(size_t{128} << 10, 'x'));
    CHECK_FALSE(co_await socket->drained(1024));
    ended.set();
  };
  f.loop.run([&]() -> Async<void> {
    {
      const auto socket = co_await f.connect();
      co_await read.wait();
      for (int i = 0; i < 64; ++i) CHECK((co_await socket->read()).ok());
    }
    co_await ended.wait();
  });
}

TEST_CASE("closing ends the wait for room") {
  FlowFixture f;
  f.session = [&](std::shared_ptr<WebSocket> socket) -> Async<void> {
    socket->sendBinary(std::string(size_t{8} << 20, 'x'));
    socket->close(1000, "");
    CHECK_FALSE(co_await socket->drained(0));
  };
  f.loop.run([&]() -> Async<void> {
    const auto socket = co_await f.connect();
    CHECK_FALSE((co_await socket->read()).ok());
  });
}

}  // namespace
}  // namespace berth::http::test
