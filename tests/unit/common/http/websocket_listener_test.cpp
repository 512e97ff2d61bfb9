#include <catch2/catch.hpp>
#include <stdexcept>

#include "common/async/event.hpp"
#include "common/http/websocket.hpp"
#include "tests/unit/common/http/support.hpp"

namespace berth::http::test {
namespace {

/// What a listener was told.
struct Heard {
  std::vector<std::string> messages;
  CloseInfo closed;
  Event ended;
};

/// Answers each message with itself; one "throw" is a bug, and one "close" closes.
class Echo final : public WebSocketListener {
 public:
  Echo(Heard& heard, WebSocket& socket) : heard_(heard), socket_(socket) {}

  void onMessage(std::string message) override {
    heard_.messages.push_back(message);
    if (message == "throw") throw std::runtime_error("bug");
    if (message == "close") return socket_.close(4000, "as asked");
    socket_.send(std::move(message));
  }
  void onClosed() override {
    heard_.closed = socket_.closeInfo();
    heard_.ended.set();
  }

 private:
  Heard& heard_;
  WebSocket& socket_;
};

/// A server whose websockets have listeners, and clients of it.
struct ListenerFixture {
  explicit ListenerFixture(ServerOptions options = onFreePort())
      : server(loop.io, std::move(options), handler, log) {
    handler.onUpgrade = [this](ServerRequest) -> Async<UpgradeDecision> { co_return Upgrade(opened); };
    REQUIRE(server.start().ok());
  }

  Async<std::shared_ptr<WebSocket>> connect() { return connectTo(loop, server); }

  Loop loop;
  TestHandler handler;
  NullLog log;
  Heard heard;
  WebSocketOpened opened = [this](const std::shared_ptr<WebSocket>& socket) {
    return std::make_shared<Echo>(heard, *socket);
  };
  Server server;
};

TEST_CASE("a listener is told of each message, however long, and of the end") {
  ListenerFixture f;
  f.loop.run([&]() -> Async<void> {
    const auto socket = co_await f.connect();
    for (const size_t size : {0, 1, 14, 15, 16, 17, 125, 126, 527, 1536, 65'536, 300'000}) {
      std::string message(size, 'x');
      for (size_t i = 0; i < size; i += 7) message[i] = static_cast<char>('a' + i % 26);
      socket->send(message);
      const auto back = co_await socket->read();
      REQUIRE(back.ok());
      CHECK(*back == message);
    }
    socket->close(1000, "enough");
    co_await f.heard.ended.wait();
  });
  CHECK(f.heard.messages.size() == 12);
  CHECK(f.heard.closed.code == 1000);
  CHECK(f.heard.closed.reason == "enough");
  CHECK(f.heard.closed.clean);
}

TEST_CASE("a listener that closes is told of the end, and one that throws closes with 1011") {
  ListenerFixture f;
  f.loop.run([&]() -> Async<void> {
    const auto first = co_await f.connect();
    first->send("close");
    CHECK_FALSE((co_await first->read()).ok());
    CHECK(first->closeInfo().code == 4000);
    co_await f.heard.ended.wait();
    CHECK(f.heard.closed.clean);
    const auto second = co_await f.connect();
    second->send("throw");
    CHECK_FALSE((co_await second->read()).ok());
    CHECK(second->closeInfo().code == 1011);
    f.opened = [](const std::shared_ptr<WebSocket>&) -> std::shared_ptr<WebSocketListener> {
      throw std::runtime_error("bug");
    };
    const auto third = co_await f.connect();
    CHECK_FALSE((co_await third->read()).ok());
    CHECK(third->closeInfo().code == 1011);
  });
}

TEST_CASE("messages that nobody listens to are dropped, and the socket can be closed") {
  ListenerFixture f;
  std::shared_ptr<WebSocket> kept;
  f.opened = [&](const std::shared_ptr<WebSocket>& socket) {
    kept = socket;
    return std::shared_ptr<WebSocketListener>();
  };
  f.loop.run([&]() -> Async<void> {
    const auto socket = co_await f.connect();
    socket->send("into the void");
    kept->close(1008, "not you");
    CHECK_FALSE((co_await socket->read()).ok());
    CHECK(socket->closeInfo().code == 1008);
  });
}

TEST_CASE("a listener's websocket that is silent for too long, or whose client has gone, ends") {
  ServerOptions options = onFreePort();
  options.webSocket.readDeadline = 50ms;
  ListenerFixture f(options);
  f.loop.run([&]() -> Async<void> {
    const auto silent = co_await f.connect();
    co_await f.heard.ended.wait();
    CHECK_THAT(f.heard.closed.reason, Catch::StartsWith("no message within"));
    f.heard.ended.reset();
    {
      const auto gone = co_await f.connect();
    }
    co_await f.heard.ended.wait();
    CHECK(f.heard.closed.code == 1006);
  });
}

TEST_CASE("a server that stops closes listeners' websockets with 1001 and waits for their end") {
  ListenerFixture f;
  f.loop.run([&]() -> Async<void> {
    const auto socket = co_await f.connect();
    f.loop.beside([&]() -> Async<void> { CHECK_FALSE((co_await socket->read()).ok()); });
    co_await f.server.stop();
    CHECK(f.heard.ended.isSet());
    CHECK(f.heard.closed.code == 1001);
  });
}

}  // namespace
}  // namespace berth::http::test
