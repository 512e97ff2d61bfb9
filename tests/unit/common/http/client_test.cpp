#include "tests/unit/common/http/support.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>

#include "common/async/event.hpp"

namespace berth::http::test {
namespace {

std::string okAnswer(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_CASE("the client sends method, target, headers and body as given and reads the answer") {
  Loop loop;
  RawServer server(loop);
  Client client(loop.io, {});
  std::string seen;
  loop.beside([&]() -> Async<void> {
    RawSocket peer = co_await server.accept();
    seen = co_await peer.readUntil("body!");
    co_await peer.write("HTTP/1.1 201 Created\r\nX-One:  1 \r\nx-one: 2\r\nContent-Length: 4\r\n\r\nmade");
    co_await peer.readAll();
  });
  loop.run([&]() -> Async<void> {
    Call call = post(server.url("/a/../b?x=%2F"), "body!");
    call.request.method = "PUT";
    call.request.headers = {{"X-Custom", "v"}, {"X-Empty", ""}};
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE(answer.ok());
    CHECK(answer->status == 201);
    CHECK(answer->body == "made");
    CHECK(answer->headers == Headers{{"X-One", "1"}, {"x-one", "2"}, {"Content-Length", "4"}});
  });
  CHECK_THAT(seen, Catch::StartsWith("PUT /a/../b?x=%2F HTTP/1.1\r\n"));
  CHECK_THAT(seen, Catch::Contains("\r\nX-Custom: v\r\n") && Catch::Contains("\r\nX-Empty:\r\n"));
  CHECK_THAT(seen,
             Catch::Contains("\r\nContent-Length: 5\r\n") && Catch::Contains("\r\nUser-Agent: berth\r\n"));
  CHECK_THAT(seen, !Catch::Contains("Content-Type") && !Catch::Contains("Expect"));
}

TEST_CASE("connections are kept and used again") {
  Loop loop;
  RawServer server(loop, GENERATE(Over::Tcp, Over::Unix));
  Client client(loop.io, {});
  int connections = 0;
  loop.beside([&]() -> Async<void> {
    for (;;) {
      RawSocket peer = co_await server.accept();
      ++connections;
      while (!(co_await peer.readUntil("\r\n\r\n")).empty()) co_await peer.write(okAnswer("x"));
    }
  });
  loop.run([&]() -> Async<void> {
    for (int i = 0; i < 5; ++i) {
      const Result<Response> answer = co_await client.fetch(server.call());
      REQUIRE(answer.ok());
      CHECK(answer->body == "x");
    }
  });
  CHECK(connections == 1);
}

TEST_CASE("a status of 400 or more is an answer, and HEAD has no body") {
  Loop loop;
  RawServer server(loop, GENERATE(Over::Tcp, Over::Unix));
  Client client(loop.io, {});
  loop.beside([&]() -> Async<void> {
    RawSocket peer = co_await server.accept();
    co_await peer.readUntil("\r\n\r\n");
    co_await peer.write("HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nlater");
    co_await peer.readUntil("\r\n\r\n");
    co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    co_await peer.readAll();
  });
  loop.run([&]() -> Async<void> {
    const Result<Response> busy = co_await client.fetch(server.call());
    REQUIRE(busy.ok());
    CHECK(busy->status == 503);
    CHECK(busy->body == "later");
    Call head = server.call();
    head.request.method = "HEAD";
    const Result<Response> answer = co_await client.fetch(head);
    REQUIRE(answer.ok());
    CHECK(answer->headers.get("content-length") == "1000");
    CHECK(answer->body.empty());
  });
}

TEST_CASE("a chunked body streams to onBody as it comes") {
  Loop loop;
  RawServer server(loop, GENERATE(Over::Tcp, Over::Unix));
  Client client(loop.io, {});
  Event firstSeen;
  loop.beside([&]() -> Async<void> {
    RawSocket peer = co_await server.accept();
    co_await peer.readUntil("\r\n\r\n");
    co_await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    co_await firstSeen.wait();
    co_await peer.write("3\r\ntwo\r\n0\r\n\r\n");
    co_await peer.readAll();
  });
  std::vector<std::string> chunks;
  loop.run([&]() -> Async<void> {
    Call call = server.call();
    call.onBody = [&](std::string_view chunk) {
      chunks.emplace_back(chunk);
      firstSeen.set();
      return true;
    };
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE(answer.ok());
    CHECK(answer->body.empty());
  });
  CHECK(chunks == std::vector<std::string>{"one", "two"});
}

TEST_CASE("the body of an error answer is collected, not streamed") {
  Loop loop;
  RawServer server(loop, GENERATE(Over::Tcp, Over::Unix));
  Client client(loop.io, {});
  loop.beside([&]() -> Async<void> {
    RawSocket peer = co_await server.accept();
    co_await peer.readUntil("\r\n\r\n");
    co_await peer.write("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone");
    co_await peer.readAll();
  });
  loop.run([&]() -> Async<void> {
    Call call = server.call();
    bool streamed = false;
    call.onBody = [&](std::string_view) { return streamed = true; };
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE(answer.ok());
    CHECK(answer->body == "gone");
    CHECK_FALSE(streamed);
  });
}

TEST_CASE("onBody can end the call, also by an exception") {
  Loop loop;
  RawServer server(loop, GENERATE(Over::Tcp, Over::Unix));
  Client client(loop.io, {});
  loop.beside([&]() -> Async<void> {
    for (;;) {
      RawSocket peer = co_await server.accept();
      co_await peer.readUntil("\r\n\r\n");
      co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart");
      co_await peer.readAll();
    }
  });
  loop.run([&]() -> Async<void> {
    Call call = server.call();
    call.onBody = [](std::string_view) { return false; };
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == Code::Cancelled);

    call.onBody = [](std::string_view) -> bool { throw std::runtime_error("reader"); };
    std::string what;
    try {
      static_cast<void>(co_await client.fetch(call));
    } catch (const std::runtime_error& e) {
      what = e.what();
    }
    CHECK(what == "reader");
  });
}

TEST_CASE("a body beyond maxBody is refused") {
  Loop loop;
  TestHandler handler;
  NullLog log;
  handler.onRequest = [](ServerRequest) -> Async<Response> { co_return reply(std::string(1001, 'x')); };
  Server server(loop.io, onFreePort(), handler, log);
  Client client(loop.io, {});
  loop.run([&]() -> Async<void> {
    REQUIRE(server.start().ok());
    Call call = get(urlOf(server));
    call.maxBody = 1000;
    const Result<Response> tooBig = co_await client.fetch(call);
    REQUIRE_FALSE(tooBig.ok());
    CHECK(tooBig.error().code == Code::ResourceExhausted);
    CHECK_FALSE(tooBig.error().retryable);
    call.maxBody = 1001;
    CHECK((co_await client.fetch(call)).ok());
    co_await server.stop();
  });
}

TEST_CASE("megabytes go both ways") {
  Loop loop;
  TestHandler handler;
  NullLog log;
  handler.onRequest = [](ServerRequest request) -> Async<Response> { co_return reply(request.body); };
  ServerOptions options = onFreePort();
  options.maxBody = size_t{32} << 20;
  Server server(loop.io, options, handler, log);
  Client client(loop.io, {});
  std::string big(size_t{20} << 20, '\0');
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 + i / 4096);
  loop.run([&]() -> Async<void> {
    REQUIRE(server.start().ok());
    Call call = post(urlOf(server), big);
    call.inactivity = 10s;
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE(answer.ok());
    CHECK(answer->body == big);
    co_await server.stop();
  });
}

TEST_CASE("calls run concurrently") {
  Loop loop;
  TestHandler handler;
  NullLog log;
  Event together;
  int inside = 0;
  handler.onRequest = [&](ServerRequest) -> Async<Response> {
    if (++inside == 10) together.set();
    co_await together.wait();
    co_return reply("ok");
  };
  Server server(loop.io, onFreePort(), handler, log);
  Client client(loop.io, {});
  int answered = 0;
  Event all;
  loop.run([&]() -> Async<void> {
    REQUIRE(server.start().ok());
    for (int i = 0; i < 10; ++i) {
      loop.beside([&]() -> Async<void> {
        const Result<Response> answer =
            co_await client.fetch(get("http://localhost:" + std::to_string(server.port())));
        CHECK(answer.ok());
        if (++answered == 10) all.set();
      });
    }
    co_await all.wait();
    co_await server.stop();
  });
  CHECK(answered == 10);
}

TEST_CASE("a direct call does not go through the proxy of the environment") {
  Loop loop;
  TestHandler handler;
  NullLog log;
  handler.onRequest = [](ServerRequest) -> Async<Response> { co_return reply("here"); };
  Server server(loop.io, onFreePort(), handler, log);
  Client client(loop.io, {});
  const char* before = ::getenv("http_proxy");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  loop.run([&]() -> Async<void> {
    REQUIRE(server.start().ok());
    // This machine by an address that is not loopback's, for which no proxy counts anyway.
    Call call = get("http://0.0.0.0:" + std::to_string(server.port()) + "/");
    CHECK_FALSE((co_await client.fetch(call)).ok());
    call.direct = true;
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE(answer.ok());
    CHECK(answer->body == "here");
    co_await server.stop();
  });
  before == nullptr ? ::unsetenv("http_proxy") : ::setenv("http_proxy", kept.c_str(), 1);
}

TEST_CASE("a unix socket serves calls over one kept connection") {
  Loop loop;
  TempDir dir;
  TestHandler handler;
  NullLog log;
  handler.onRequest = [](ServerRequest request) -> Async<Response> {
    co_return reply(request.path + " from " + request.remoteAddress);
  };
  ServerOptions options;
  options.listen = "unix:" + dir.path("api.sock");
  Server server(loop.io, options, handler, log);
  Client client(loop.io, {});
  loop.run([&]() -> Async<void> {
    Call call = get("http://localhost/info");
    call.unixSocket = dir.path("api.sock");
    const Result<Response> early = co_await client.fetch(call);
    REQUIRE_FALSE(early.ok());
    CHECK(early.error().code == Code::Unavailable);
    CHECK_THAT(early.error().message, Catch::Contains("unix:" + call.unixSocket));

    REQUIRE(server.start().ok());
    for (int i = 0; i < 3; ++i) {
      const Result<Response> answer = co_await client.fetch(call);
      REQUIRE(answer.ok());
      CHECK(answer->body == "/info from unix");
    }
    co_await server.stop();
  });
  CHECK_FALSE(std::filesystem::exists(dir.path("api.sock")));
}

}  // namespace
}  // namespace berth::http::test
