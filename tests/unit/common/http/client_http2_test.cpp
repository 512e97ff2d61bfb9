#include "tests/unit/common/http/support.hpp"

#include <catch2/catch.hpp>
#include <deque>

namespace berth::http::test {
namespace {

/// RFC 9113, section 4.1.
std::string frameOf(char type, char flags, char stream, const std::string& payload) {
  std::string out{'\0', '\0', static_cast<char>(payload.size()), type, flags, '\0', '\0', '\0', stream};
  return out + payload;
}

constexpr char kData = 0;
constexpr char kHeaders = 1;
constexpr char kReset = 3;
constexpr char kSettings = 4;
constexpr char kEndStream = 1;
constexpr char kEndHeaders = 4;

TEST_CASE("HTTP/2 is spoken from the first byte, and trailers are told with the fields") {
  Loop loop;
  RawServer server(loop);
  Client client(loop.io, {});
  int connections = 0;
  loop.beside([&]() -> Async<void> {
    for (;;) {
      RawSocket peer = co_await server.accept();
      ++connections;
      co_await peer.readUntil("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      std::string answer = frameOf(kSettings, 0, 0, "");
      answer += frameOf(kHeaders, kEndHeaders, 1, "\x88");  // ":status: 200", by its number
      answer += frameOf(kData, 0, 1, "hi");
      answer +=
          frameOf(kHeaders, kEndStream | kEndHeaders, 1, std::string("\0\1t\1x", 5));  // "t: x", as it is
      co_await peer.write(answer);
      co_await peer.readAll();
    }
  });
  loop.run([&]() -> Async<void> {
    for (int i = 0; i < 2; ++i) {
      Call call = post(server.url(), "body");
      call.http2 = true;
      const Result<Response> answer = co_await client.fetch(call);
      REQUIRE(answer.ok());
      CHECK(answer->status == 200);
      CHECK(answer->body == "hi");
      CHECK(answer->headers.get("t") == "x");
    }
  });
  CHECK(connections == 2);
}

TEST_CASE("an answer that is whole counts, though the stream is closed before the request was read") {
  Loop loop;
  RawServer server(loop);
  Client client(loop.io, {});
  loop.beside([&]() -> Async<void> {
    RawSocket peer = co_await server.accept();
    co_await peer.readUntil("one");
    std::string answer = frameOf(kSettings, 0, 0, "");
    answer += frameOf(kHeaders, kEndHeaders, 1, "\x88");
    answer += frameOf(kHeaders, kEndStream | kEndHeaders, 1, std::string("\0\1t\1x", 5));
    answer += frameOf(kReset, 0, 1, std::string(4, '\0'));  // NO_ERROR
    co_await peer.write(answer);
    co_await peer.readAll();
  });
  loop.run([&]() -> Async<void> {
    Call call = post(server.url(), "");
    call.http2 = true;
    call.lastField = "t";
    // More than the windows of HTTP/2 hold: it can't be sent to its end.
    call.bodySource = [piece = 0]() mutable -> std::optional<std::string> {
      return piece++ == 0 ? "one" : std::string(16 << 10, 'x');
    };
    const Result<Response> answer = co_await client.fetch(call);
    INFO((answer ? "" : answer.error().message));
    REQUIRE(answer.ok());
    CHECK(answer->headers.get("t") == "x");
  });
}

TEST_CASE("a body can come from a source, piece by piece") {
  Loop loop;
  RawServer server(loop);
  Client client(loop.io, {});
  std::string seen;
  loop.beside([&]() -> Async<void> {
    RawSocket peer = co_await server.accept();
    seen = co_await peer.readUntil("\r\n0\r\n\r\n");
    co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    co_await peer.readAll();
  });
  loop.run([&]() -> Async<void> {
    std::deque<std::string> pieces = {"one", "two", ""};
    Call call = post(server.url(), "not sent");
    call.bodySource = [&pieces]() -> std::optional<std::string> {
      std::string piece = pieces.front();
      pieces.pop_front();
      return piece;
    };
    CHECK((co_await client.fetch(call)).ok());
    CHECK(pieces.empty());
  });
  CHECK_THAT(seen, Catch::Contains("one") && Catch::Contains("two") && !Catch::Contains("not sent"));
}

TEST_CASE("the source of a body can end the call") {
  Loop loop;
  RawServer server(loop);
  Client client(loop.io, {});
  loop.beside([&]() -> Async<void> {
    RawSocket peer = co_await server.accept();
    co_await peer.readAll();
  });
  loop.run([&]() -> Async<void> {
    Call call = post(server.url(), "");
    call.bodySource = []() -> std::optional<std::string> { return std::nullopt; };
    CHECK((co_await client.fetch(call)).error().code == Code::Cancelled);
  });
}

}  // namespace
}  // namespace berth::http::test
