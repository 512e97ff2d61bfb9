#include <catch2/catch.hpp>
#include <stdexcept>

#include "common/async/event.hpp"
#include "tests/unit/common/http/support.hpp"

namespace berth::http::test {
namespace {

/// Gives pieces one by one, the next when the test lets it.
class Pieces final : public BodySource {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  ~Pieces() override { gone.set(); }

  Async<std::string> next() override {
    if (at_ == pieces_.size() && hold) co_await release.wait();
    if (at_ == pieces_.size() || stopped) co_return "";
    if (pieces_[at_] == "throw") throw std::runtime_error("no more");
    co_return pieces_[at_++];
  }
  void stop() override {
    stopped = true;
    release.set();
  }

  bool hold = false;  ///< waits before the end
  bool stopped = false;
  Event release;
  static inline Event gone;

 private:
  std::vector<std::string> pieces_;
  size_t at_ = 0;
};

/// Streams on every path.
class Streamer final : public Handler {
 public:
  std::shared_ptr<Pieces> pieces;

  Async<Response> handle(ServerRequest) override { co_return reply("whole"); }
  Async<Answer> answer(ServerRequest request) override {
    if (request.path == "/whole") co_return co_await handle(std::move(request));
    Response head;
    head.headers.add("Content-Type", "text/event-stream");
    head.body = "left out";
    co_return StreamedResponse{head, pieces};
  }
};

struct Streaming {
  explicit Streaming(std::vector<std::string> pieces) : server(loop.io, onFreePort(), handler, log) {
    Pieces::gone.reset();
    handler.pieces = std::make_shared<Pieces>(std::move(pieces));
    REQUIRE(server.start().ok());
  }

  Loop loop;
  Streamer handler;
  NullLog log;
  Server server;
};

TEST_CASE("a streamed body goes out in chunks, and the connection serves on") {
  Streaming f({"first ", std::string(20, 'x')});
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write("GET /s HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string answer = co_await client.readUntil("0\r\n\r\n");
    CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
    CHECK_THAT(answer, Catch::Contains("Transfer-Encoding: chunked\r\n") &&
                           Catch::Contains("Content-Type: text/event-stream\r\n"));
    CHECK_THAT(answer,
               Catch::EndsWith("\r\n\r\n6\r\nfirst \r\n14\r\n" + std::string(20, 'x') + "\r\n0\r\n\r\n"));
    CHECK_THAT(answer, !Catch::Contains("left out"));
    co_await client.write("GET /whole HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(co_await client.readUntil("whole"), Catch::StartsWith("HTTP/1.1 200"));
  });
}

TEST_CASE("a streamed body reaches a client of HTTP/1.0 until the connection is closed") {
  Streaming f({"one ", "two"});
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write("GET /s HTTP/1.0\r\nHost: h\r\n\r\n");
    const std::string answer = co_await client.readAll();
    CHECK_THAT(answer, Catch::EndsWith("\r\n\r\none two") && !Catch::Contains("chunked"));
  });
}

TEST_CASE("a piece arrives when it is made, not when the body ends") {
  Streaming f({"early"});
  f.handler.pieces->hold = true;
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write("GET /s HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await client.readUntil("early\r\n");
    f.handler.pieces->release.set();
    CHECK(co_await client.readUntil("0\r\n\r\n") == "0\r\n\r\n");
  });
}

TEST_CASE("a body that fails half-way ends the connection without its last chunk") {
  Streaming f({"half", "throw"});
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write("GET /s HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(co_await client.readAll(), Catch::EndsWith("4\r\nhalf\r\n"));
  });
}

TEST_CASE("the source of a body is let go when its client has gone") {
  std::vector<std::string> many(5000, std::string(10'000, 'x'));
  Streaming f(many);
  f.loop.run([&]() -> Async<void> {
    {
      RawSocket client = co_await RawSocket::connect(f.server.port());
      co_await client.write("GET /s HTTP/1.1\r\nHost: h\r\n\r\n");
      co_await client.readExactly(1000);
      f.handler.pieces.reset();
      client.reset();
    }
    CHECK(co_await Pieces::gone.wait(5s));
  });
}

TEST_CASE("stop ends streamed bodies") {
  Streaming f({"early"});
  f.handler.pieces->hold = true;
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write("GET /s HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await client.readUntil("early\r\n");
    co_await f.server.stop();
    CHECK(f.handler.pieces->stopped);
    CHECK(co_await client.readAll() == "0\r\n\r\n");
  });
}

}  // namespace
}  // namespace berth::http::test
