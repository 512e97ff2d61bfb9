#include "common/http/websocket.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "common/async/event.hpp"
#include "common/text/letter_case.hpp"
#include "tests/unit/common/http/support.hpp"

namespace berth::http::test {
namespace {

/// A running server whose upgrade runs `session`.
struct SocketFixture {
  explicit SocketFixture(ServerOptions options = onFreePort())
      : server(loop.io, std::move(options), handler, log) {
    handler.onUpgrade = [this](ServerRequest request) -> Async<UpgradeDecision> {
      seen = std::move(request);
      co_return Upgrade(session, answerHeaders);
    };
    session = [this](std::shared_ptr<WebSocket> socket) -> Async<void> { co_await echo(std::move(socket)); };
    REQUIRE(server.start().ok());
  }

  Async<void> echo(std::shared_ptr<WebSocket> socket) {
    for (;;) {
      Result<std::string> message = co_await socket->read();
      if (!message) break;
      socket->send(std::move(*message));
    }
    serverSide = socket->closeInfo();
    ended.set();
  }

  Async<std::shared_ptr<WebSocket>> connect(WebSocketOptions options = {}) {
    WsClientOptions client;
    client.url = "ws://127.0.0.1:" + std::to_string(server.port()) + "/ws?arn=a%2Fb";
    client.socket = options;
    auto socket = co_await connectWebSocket(loop.io, client);
    REQUIRE(socket.ok());
    co_return *socket;
  }

  /// A handshake by hand; the socket then carries frames.
  Async<RawSocket> connectRaw() {
    RawSocket raw = co_await RawSocket::connect(server.port());
    co_await raw.write(
        "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    const std::string answer = co_await raw.readUntil("\r\n\r\n");
    CHECK_THAT(answer, Catch::Contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));  // RFC 6455, section 1.3
    co_return raw;
  }

  Loop loop;
  TestHandler handler;
  NullLog log;
  Server server;
  WebSocketSession session;
  Headers answerHeaders;
  ServerRequest seen;
  CloseInfo serverSide;
  Event ended;
};

/// A client's frame (FIN set) with an all-zero mask.
std::string frame(int opcode, const std::string& payload) {
  REQUIRE(payload.size() < 126);
  std::string out;
  out += static_cast<char>(0x80 | opcode);
  out += static_cast<char>(0x80 | payload.size());
  out += std::string(4, '\0');
  return out + payload;
}

TEST_CASE("messages of any size go both ways, in order") {
  SocketFixture f;
  f.loop.run([&]() -> Async<void> {
    const auto socket = co_await f.connect();
    std::vector<std::string> sent = {"",
                                     "small",
                                     std::string(125, 'a'),
                                     std::string(126, 'b'),
                                     std::string(70'000, 'c'),
                                     std::string(3 << 20, 'd'),
                                     "\xc3\xa9"};
    for (const std::string& message : sent) socket->send(message);
    for (const std::string& message : sent) {
      const Result<std::string> got = co_await socket->read();
      REQUIRE(got.ok());
      CHECK((*got == message));
    }
    CHECK(socket->closeInfo().code == 0);
    socket->close(1000, "bye");
    const Result<std::string> end = co_await socket->read();
    REQUIRE_FALSE(end.ok());
    CHECK(end.error().code == Code::Unavailable);
    CHECK(socket->closeInfo().code == 1000);
    CHECK(socket->closeInfo().clean);
    co_await f.ended.wait();
  });
  CHECK(f.serverSide.code == 1000);
  CHECK(f.serverSide.reason == "bye");
  CHECK(f.serverSide.clean);
  CHECK(f.seen.target == "/ws?arn=a%2Fb");
  CHECK(f.seen.headers.get("Host") == "127.0.0.1:" + std::to_string(f.server.port()));
}

TEST_CASE("the handshake carries the caller's headers") {
  SocketFixture f;
  f.loop.run([&]() -> Async<void> {
    WsClientOptions options;
    options.url = urlOf(f.server, "/ws");
    options.headers = {
        {"Authorization", "sig"}, {"Host", "ecs-a-1.example.com"}, {"X-Two", "a"}, {"X-Two", "b"}};
    const auto socket = co_await connectWebSocket(f.loop.io, options);
    REQUIRE(socket.ok());
  });
  CHECK(f.seen.headers.get("authorization") == "sig");
  CHECK(f.seen.headers.get("host") == "ecs-a-1.example.com");
  int twos = 0;
  for (const auto& [name, value] : f.seen.headers) twos += name == "X-Two";
  CHECK(twos == 2);
}

TEST_CASE("the answer to the handshake carries the server's headers, and only for that session") {
  SocketFixture f;
  f.answerHeaders = {{"Takes", "a, b"}, {"Connection", "close"}, {"Split", "x\r\ny: z"}};
  f.loop.run([&]() -> Async<void> {
    WsClientOptions options;
    options.url = urlOf(f.server, "/ws");
    WsAnswer answer;
    const auto socket = co_await connectWebSocket(f.loop.io, options, &answer);
    REQUIRE(socket.ok());
    CHECK(answer.status == 101);
    CHECK(answer.headers.get("takes") == "a, b");
    CHECK(equalsIgnoreCase(answer.headers.get("Connection").value_or(""), "upgrade"));
    CHECK_FALSE(answer.headers.get("Split"));
    CHECK(answer.body.empty());
    (*socket)->send("still a websocket");
    CHECK(*(co_await (*socket)->read()) == "still a websocket");
    f.answerHeaders = {};
    const auto other = co_await connectWebSocket(f.loop.io, options, &answer);
    REQUIRE(other.ok());
    CHECK_FALSE(answer.headers.get("takes"));
  });
}

TEST_CASE("close sends what is queued first, and the code and reason arrive") {
  SocketFixture f;
  f.session = [](std::shared_ptr<WebSocket> socket) -> Async<void> {
    for (int i = 0; i < 100; ++i) socket->send(std::to_string(i));
    socket->close(4321, std::string(200, 'r'));
    socket->send("too late");
    co_return;
  };
  f.loop.run([&]() -> Async<void> {
    const auto socket = co_await f.connect();
    for (int i = 0; i < 100; ++i) CHECK(*(co_await socket->read()) == std::to_string(i));
    CHECK_FALSE((co_await socket->read()).ok());
    CHECK(socket->closeInfo().code == 4321);
    CHECK(socket->closeInfo().reason == std::string(123, 'r'));
    CHECK(socket->closeInfo().clean);
    CHECK_FALSE((co_await socket->read()).ok());
  });
}

TEST_CASE("a session that returns closes with 1000, one that throws with 1011") {
  SocketFixture f;
  f.loop.run([&]() -> Async<void> {
    f.session = [](std::shared_ptr<WebSocket>) -> Async<void> { co_return; };
    const auto first = co_await f.connect();
    CHECK_FALSE((co_await first->read()).ok());
    CHECK(first->closeInfo().code == 1000);
    f.session = [](std::shared_ptr<WebSocket>) -> Async<void> {
      throw std::runtime_error("bug");
      co_return;
    };
    const auto second = co_await f.connect();
    CHECK_FALSE((co_await second->read()).ok());
    CHECK(second->closeInfo().code == 1011);
  });
}

TEST_CASE("the end of the connection without a close frame is 1006, a close frame without a code 1005") {
  SocketFixture f;
  f.loop.run([&]() -> Async<void> {
    {
      const auto dropped = co_await f.connect();
    }
    co_await f.ended.wait();
    CHECK(f.serverSide.code == 1006);
    CHECK_FALSE(f.serverSide.clean);

    f.ended.reset();
    RawSocket raw = co_await f.connectRaw();
    co_await raw.write(frame(8, ""));
    CHECK((co_await raw.readExactly(2))[0] == '\x88');
    raw.close();
    co_await f.ended.wait();
    CHECK(f.serverSide.code == 1005);
    CHECK(f.serverSide.clean);
  });
}

TEST_CASE("pings are answered, and fragments make one message") {
  SocketFixture f;
  f.loop.run([&]() -> Async<void> {
    RawSocket raw = co_await f.connectRaw();
    co_await raw.write(frame(9, "are you there"));
    CHECK(co_await raw.readExactly(15) ==
          "\x8a\x0d"
          "are you there");
    std::string first = frame(1, "ab");
    first[0] = 0x01;  // not final
    co_await raw.write(first);
    co_await raw.write(frame(9, "x"));
    co_await raw.write(frame(0, "cd"));
    CHECK(co_await raw.readExactly(3) == "\x8a\x01x");
    CHECK(co_await raw.readExactly(6) ==
          "\x81\x04"
          "abcd");
    co_await raw.write(frame(2, "binary"));
    CHECK(co_await raw.readExactly(8) ==
          "\x81\x06"
          "binary");
  });
}

TEST_CASE("half a frame and then silence runs into the read deadline, and others are served meanwhile") {
  ServerOptions options = onFreePort();
  options.webSocket.readDeadline = 200ms;
  SocketFixture f(options);
  f.loop.run([&]() -> Async<void> {
    RawSocket half = co_await f.connectRaw();
    co_await half.write(frame(1, std::string(100, 'c')).substr(0, 9));
    f.session = [](std::shared_ptr<WebSocket> socket) -> Async<void> {
      socket->send("served");
      static_cast<void>(co_await socket->read());
    };
    const auto other = co_await f.connect();
    CHECK(*(co_await other->read()) == "served");
    co_await half.write("cc");  // more of the frame does not extend the deadline
    CHECK(co_await half.readAll() == "");
    co_await f.ended.wait();
  });
  CHECK(f.serverSide.code == 1006);
  CHECK_THAT(f.serverSide.reason, Catch::StartsWith("no message within"));
}

TEST_CASE("half a frame and then the end of the connection ends the session") {
  SocketFixture f;
  f.loop.run([&]() -> Async<void> {
    RawSocket half = co_await f.connectRaw();
    co_await half.write(frame(1, "complete").substr(0, 4));
    half.close();
    co_await f.ended.wait();
  });
  CHECK(f.serverSide.code == 1006);
}

TEST_CASE("messages that are too big, not UTF-8 or not masked end the connection with their code") {
  ServerOptions options = onFreePort();
  options.webSocket.maxMessage = 100;
  SocketFixture f(options);
  f.loop.run([&]() -> Async<void> {
    struct Row {
      std::string bytes;
      uint16_t code;
    };
    const Row rows[] = {
        {frame(1, std::string(101, 'x')), 1009}, {frame(1, "\xff\xfe"), 1007}, {"\x81\x01x", 1002}};
    for (const Row& row : rows) {
      f.ended.reset();
      RawSocket raw = co_await f.connectRaw();
      co_await raw.write(row.bytes);
      const std::string close = co_await raw.readAll();
      REQUIRE(close.size() >= 4);
      CHECK((static_cast<unsigned char>(close[2]) << 8 | static_cast<unsigned char>(close[3])) == row.code);
      raw.close();
      co_await f.ended.wait();
      CHECK(f.serverSide.code == row.code);
      CHECK_FALSE(f.serverSide.clean);
    }
  });
}

TEST_CASE("a peer that never reads runs the sender into its queue limit or write deadline") {
  ServerOptions options = onFreePort();
  std::string expected;
  SECTION("queue") {
    options.webSocket.maxQueued = 1 << 20;
    expected = "more than 1048576 bytes wait";
  }
  SECTION("deadline") {
    options.webSocket.maxQueued = size_t{1} << 30;
    options.webSocket.writeDeadline = 100ms;
    expected = "a message could not be sent within";
  }
  SocketFixture f(options);
  f.session = [&](std::shared_ptr<WebSocket> socket) -> Async<void> {
    for (int i = 0; i < 64; ++i) socket->send(std::string(1 << 20, 'x'));
    CHECK_FALSE((co_await socket->read()).ok());
    f.serverSide = socket->closeInfo();
    f.ended.set();
  };
  f.loop.run([&]() -> Async<void> {
    RawSocket raw = co_await f.connectRaw();
    co_await f.ended.wait();
    co_await f.server.stop();
  });
  CHECK(f.serverSide.code == 1006);
  CHECK_THAT(f.serverSide.reason, Catch::StartsWith(expected));
}

TEST_CASE("a refused handshake gives status and the body's beginning") {
  SocketFixture f;
  f.handler.onUpgrade = [](ServerRequest) -> Async<UpgradeDecision> {
    co_return reply("InvalidSignature " + std::string(3000, 'x'), 403);
  };
  f.loop.run([&]() -> Async<void> {
    WsClientOptions options;
    options.url = urlOf(f.server, "/ws?sig=secret");
    WsAnswer refusal;
    const auto refused = co_await connectWebSocket(f.loop.io, options, &refusal);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::FailedPrecondition);
    CHECK_THAT(refused.error().message, Catch::Contains("403") && !Catch::Contains("secret"));
    CHECK(refusal.status == 403);
    CHECK(refusal.body.size() == 1024);
    CHECK_THAT(refusal.body, Catch::StartsWith("InvalidSignature x"));

    f.handler.onUpgrade = nullptr;
    const auto none = co_await connectWebSocket(f.loop.io, options, &refusal);
    CHECK_FALSE(none.ok());
    CHECK(refusal.status == 404);

    f.handler.onUpgrade = [](ServerRequest) -> Async<UpgradeDecision> {
      throw std::runtime_error("bug");
      co_return reply("");
    };
    const auto broken = co_await connectWebSocket(f.loop.io, options, &refusal);
    CHECK(broken.error().code == Code::Unavailable);
    CHECK(refusal.status == 500);
  });
}

TEST_CASE("connecting fails in bounded time and says how") {
  SocketFixture f;
  RawServer silent(f.loop);
  std::string closed;
  {
    RawServer gone(f.loop);
    closed = gone.url();
  }
  f.loop.run([&]() -> Async<void> {
    WsAnswer refusal;
    WsClientOptions options;
    options.url = closed;
    CHECK((co_await connectWebSocket(f.loop.io, options, &refusal)).error().code == Code::Unavailable);
    CHECK(refusal.status == 0);

    options.url = silent.url();
    options.handshakeTimeout = 50ms;
    CHECK((co_await connectWebSocket(f.loop.io, options)).error().code == Code::DeadlineExceeded);
    options.url = "wss" + silent.url().substr(4);
    CHECK((co_await connectWebSocket(f.loop.io, options)).error().code == Code::DeadlineExceeded);

    options.url = silent.url();
    options.handshakeTimeout = 0ms;
    std::stop_source stop;
    f.loop.beside([&]() -> Async<void> {
      co_await sleepFor(10ms);
      stop.request_stop();
    });
    CHECK((co_await connectWebSocket(f.loop.io, options, nullptr, stop.get_token())).error().code ==
          Code::Cancelled);
    CHECK((co_await connectWebSocket(f.loop.io, options, nullptr, stop.get_token())).error().code ==
          Code::Cancelled);
    options.url = "tcp://nonsense";
    CHECK((co_await connectWebSocket(f.loop.io, options)).error().code == Code::InvalidArgument);
  });
}

TEST_CASE("stopping the server closes its websockets with 1001 and waits for their sessions") {
  SocketFixture f;
  f.loop.run([&]() -> Async<void> {
    const auto polite = co_await f.connect();
    RawSocket mute = co_await f.connectRaw();
    f.loop.beside([&]() -> Async<void> {
      CHECK_FALSE((co_await polite->read()).ok());
      mute.close();
    });
    co_await f.server.stop();
    CHECK(polite->closeInfo().code == 1001);
    CHECK(polite->closeInfo().clean);
    CHECK(f.ended.isSet());
  });
}

TEST_CASE("a peer that does not answer the close frame is cut off") {
  ServerOptions options = onFreePort();
  options.webSocket.closeDeadline = 50ms;
  SocketFixture f(options);
  f.session = [&](std::shared_ptr<WebSocket> socket) -> Async<void> {
    socket->close(1000, "");
    CHECK_FALSE((co_await socket->read()).ok());
    f.serverSide = socket->closeInfo();
  };
  f.loop.run([&]() -> Async<void> {
    RawSocket mute = co_await f.connectRaw();
    co_await mute.readAll();
    co_await f.server.stop();
  });
  CHECK(f.serverSide.code == 1000);
  CHECK_FALSE(f.serverSide.clean);
}

}  // namespace
}  // namespace berth::http::test
