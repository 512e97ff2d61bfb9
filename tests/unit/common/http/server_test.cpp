#include <boost/asio/local/stream_protocol.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <stdexcept>

#include "common/async/event.hpp"
#include "tests/unit/common/http/support.hpp"

namespace berth::http::test {
namespace {

/// A running server on a free port.
struct Fixture {
  explicit Fixture(ServerOptions options = onFreePort()) : server(loop.io, std::move(options), handler, log) {
    const Result<void> started = server.start();
    INFO((started ? "" : started.error().message));
    REQUIRE(started.ok());
  }

  Loop loop;
  TestHandler handler;
  NullLog log;
  Server server;
};

TEST_CASE("a handler sees the request as it came") {
  Fixture f;
  ServerRequest seen;
  f.handler.onRequest = [&](ServerRequest request) -> Async<Response> {
    seen = std::move(request);
    Response response = reply("fine", 202);
    response.headers.add("X-Reply", "1");
    response.headers.add("Content-Length", "999");  // the server makes its own
    co_return response;
  };
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write(
        "POST /a%2Fb?x=1&y HTTP/1.1\r\nHost: h:1\r\nX-Tag: one\r\nx-tag: two\r\n"
        "Content-Length: 4\r\n\r\nbody");
    const std::string answer = co_await client.readUntil("fine");
    CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 202 Accepted\r\n"));
    CHECK_THAT(answer, Catch::Contains("X-Reply: 1\r\n") && Catch::Contains("Content-Length: 4\r\n"));
  });
  CHECK(seen.method == "POST");
  CHECK(seen.target == "/a%2Fb?x=1&y");
  CHECK(seen.path == "/a%2Fb");
  CHECK(seen.query == "x=1&y");
  CHECK(seen.body == "body");
  CHECK(seen.headers.get("host") == "h:1");
  CHECK(seen.headers.get("X-TAG") == "one");
  CHECK_THAT(seen.remoteAddress, Catch::StartsWith("127.0.0.1:"));
}

TEST_CASE("pipelined, chunked and slowly sent requests are answered in order on one connection") {
  Fixture f;
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
        "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    co_await client.readUntil("GET /1 ");
    co_await client.readUntil("GET /2 ");
    for (const char c : std::string("2\r\nde\r\n0\r\n\r\n")) co_await client.write(std::string(1, c));
    CHECK_THAT(co_await client.readUntil("abcde"), Catch::EndsWith("POST /3 abcde"));
  });
  CHECK(f.handler.requests == 3);
}

TEST_CASE("HEAD and 204 answers have no body, and Connection: close is obeyed from both sides") {
  Fixture f;
  f.handler.onRequest = [](ServerRequest request) -> Async<Response> {
    Response response = reply("twelve bytes", request.path == "/none" ? 204 : 200);
    if (request.path == "/close") response.headers.add("Connection", "close");
    co_return response;
  };
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(co_await client.readUntil("\r\n\r\n"), Catch::Contains("Content-Length: 12"));
    co_await client.write("GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(co_await client.readUntil("\r\n\r\n"), Catch::StartsWith("HTTP/1.1 204"));
    co_await client.write("GET /close HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(co_await client.readAll(), Catch::EndsWith("\r\n\r\ntwelve bytes"));

    RawSocket second = co_await RawSocket::connect(f.server.port());
    co_await second.write("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK_THAT(co_await second.readAll(), Catch::Contains("Connection: close"));
    RawSocket old = co_await RawSocket::connect(f.server.port());
    co_await old.write("GET / HTTP/1.0\r\n\r\n");
    CHECK_THAT(co_await old.readAll(), Catch::StartsWith("HTTP/1.0 200") && Catch::EndsWith("twelve bytes"));
  });
}

TEST_CASE("a client that waits for 100 Continue gets it") {
  Fixture f;
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(co_await client.readUntil("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    co_await client.write("ok");
    CHECK_THAT(co_await client.readUntil("PUT / ok"), Catch::StartsWith("HTTP/1.1 200"));
  });
}

TEST_CASE("a body beyond the limit is answered with 413, whether it is announced or not") {
  ServerOptions options = onFreePort();
  options.maxBody = 1000;
  Fixture f(options);
  f.loop.run([&]() -> Async<void> {
    Client client(f.loop.io, {});
    CHECK((co_await client.fetch(post(urlOf(f.server), std::string(1000, 'x'))))->status == 200);
    const Result<Response> refused = co_await client.fetch(post(urlOf(f.server), std::string(3 << 20, 'x')));
    REQUIRE(refused.ok());
    CHECK(refused->status == 413);
    CHECK(refused->headers.get("Connection") == "close");
    CHECK(refused->body == R"({"message":"the body is larger than the limit of 1000 bytes"})");

    RawSocket raw = co_await RawSocket::connect(f.server.port());
    co_await raw.write("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                       std::string(2000, 'x') + "\r\n0\r\n\r\n");
    CHECK_THAT(co_await raw.readUntil("\r\n\r\n"), Catch::StartsWith("HTTP/1.1 413"));
  });
  CHECK(f.handler.requests == 1);
}

TEST_CASE("what is not HTTP is answered with 400, a header that is too long with 431") {
  ServerOptions options = onFreePort();
  options.maxHeader = 2000;
  options.errorResponse = [](int status, std::string message) {
    Response response = reply("{\"__type\":\"X\",\"message\":\"" + message + "\"}", status);
    response.headers.add("Content-Type", "application/x-amz-json-1.1");
    return response;
  };
  Fixture f(options);
  f.loop.run([&]() -> Async<void> {
    for (const std::string bad : {"NONSENSE\r\n\r\n", "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
                                  "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                  "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                                  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
      CAPTURE(bad);
      RawSocket client = co_await RawSocket::connect(f.server.port());
      co_await client.write(bad);
      const std::string answer = co_await client.readAll();
      CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 400 Bad Request\r\n"));
      CHECK_THAT(answer,
                 Catch::Contains("application/x-amz-json-1.1") && Catch::Contains("Connection: close"));
    }
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write("GET / HTTP/1.1\r\nX: " + std::string(3000, 'x') + "\r\n\r\n");
    CHECK_THAT(co_await client.readAll(), Catch::StartsWith("HTTP/1.1 431"));
  });
  CHECK(f.handler.requests == 0);
}

TEST_CASE("an exception in a handler is a 500 that tells nothing, and the connection lives on") {
  Fixture f;
  f.handler.onRequest = [](ServerRequest request) -> Async<Response> {
    if (request.path == "/bad") throw std::runtime_error("secret detail");
    if (request.path == "/odd") throw 42;
    co_return reply("ok");
  };
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    for (const char* path : {"/bad", "/odd"}) {
      co_await client.write(std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
      const std::string answer = co_await client.readUntil("}");
      CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
      CHECK_THAT(answer, !Catch::Contains("secret"));
    }
    co_await client.write("GET /fine HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(co_await client.readUntil("ok"), Catch::Contains(" 200 OK"));
  });
}

TEST_CASE("slow and silent clients are dropped while others are served") {
  ServerOptions options = onFreePort();
  options.headerTimeout = 100ms;
  options.bodyTimeout = 100ms;
  options.idleTimeout = 100ms;
  Fixture f(options);
  f.loop.run([&]() -> Async<void> {
    RawSocket silent = co_await RawSocket::connect(f.server.port());
    RawSocket halfHeader = co_await RawSocket::connect(f.server.port());
    RawSocket halfBody = co_await RawSocket::connect(f.server.port());
    RawSocket idle = co_await RawSocket::connect(f.server.port());
    co_await halfHeader.write("GET / HTTP/1.1\r\nHo");
    co_await halfBody.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
    co_await idle.write("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await idle.readUntil("GET /idle ");

    Client client(f.loop.io, {});
    const Result<Response> served = co_await client.fetch(get(urlOf(f.server, "/other")));
    REQUIRE(served.ok());
    CHECK(served->body == "GET /other ");

    CHECK((co_await silent.readAll()).empty());
    CHECK((co_await halfHeader.readAll()).empty());
    CHECK((co_await halfBody.readAll()).empty());
    CHECK((co_await idle.readAll()).empty());
  });
  CHECK(f.handler.requests == 2);
}

TEST_CASE("a slow handler does not hold up others") {
  Fixture f;
  Event release;
  f.handler.onRequest = [&](ServerRequest request) -> Async<Response> {
    if (request.path == "/slow") co_await release.wait();
    co_return reply(request.path);
  };
  f.loop.run([&]() -> Async<void> {
    RawSocket slow = co_await RawSocket::connect(f.server.port());
    co_await slow.write("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    RawSocket quick = co_await RawSocket::connect(f.server.port());
    co_await quick.write("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(co_await quick.readUntil("/quick"), Catch::Contains("200 OK"));
    release.set();
    CHECK_THAT(co_await slow.readUntil("/slow"), Catch::Contains("200 OK"));
  });
}

TEST_CASE("connections beyond the limit are closed at once") {
  ServerOptions options = onFreePort();
  options.maxConnections = 1;
  Fixture f(options);
  f.loop.run([&]() -> Async<void> {
    RawSocket first = co_await RawSocket::connect(f.server.port());
    co_await first.write("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await first.readUntil("GET /1 ");
    RawSocket second = co_await RawSocket::connect(f.server.port());
    CHECK((co_await second.readAll()).empty());
    co_await first.write("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(co_await first.readUntil("GET /2 "), Catch::Contains("200"));
  });
}

TEST_CASE("stop refuses new connections, closes idle ones and lets a running handler answer") {
  Fixture f;
  Event entered;
  Event release;
  f.handler.onRequest = [&](ServerRequest) -> Async<Response> {
    entered.set();
    co_await release.wait();
    co_return reply("last words");
  };
  f.loop.run([&]() -> Async<void> {
    RawSocket idle = co_await RawSocket::connect(f.server.port());
    RawSocket busy = co_await RawSocket::connect(f.server.port());
    co_await busy.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await entered.wait();

    Event stopped;
    f.loop.beside([&]() -> Async<void> {
      co_await f.server.stop();
      stopped.set();
    });
    CHECK((co_await idle.readAll()).empty());
    CHECK_FALSE(stopped.isSet());
    Client client(f.loop.io, {});
    CHECK((co_await client.fetch(get(urlOf(f.server)))).error().code == Code::Unavailable);

    release.set();
    CHECK_THAT(co_await busy.readAll(), Catch::EndsWith("last words"));
    co_await stopped.wait();
    co_await f.server.stop();  // again: nothing to do
  });
}

TEST_CASE("a server may be destroyed with open connections") {
  Loop loop;
  TestHandler handler;
  NullLog log;
  auto server = std::make_unique<Server>(loop.io, onFreePort(), handler, log);
  REQUIRE(server->start().ok());
  loop.run([&]() -> Async<void> {
    RawSocket idle = co_await RawSocket::connect(server->port());
    co_await idle.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await idle.readUntil("GET / ");
    server.reset();
    CHECK((co_await idle.readAll()).empty());
  });
}

TEST_CASE("an address that can't be used is refused by name") {
  Loop loop;
  TestHandler handler;
  NullLog log;
  Server first(loop.io, onFreePort(), handler, log);
  REQUIRE(first.start().ok());
  struct Row {
    std::string listen;
    Code code;
  };
  const Row rows[] = {{"127.0.0.1:" + std::to_string(first.port()), Code::FailedPrecondition},
                      {"192.0.2.1:0", Code::FailedPrecondition},
                      {"unix:/no/such/folder/x.sock", Code::FailedPrecondition},
                      {"unix:" + std::string(200, 'x'), Code::InvalidArgument},
                      {"unix:/" + std::string(200, 'x'), Code::InvalidArgument},
                      {"localhost:80", Code::InvalidArgument},
                      {"127.0.0.1", Code::InvalidArgument},
                      {"127.0.0.1:99999", Code::InvalidArgument},
                      {"::1:80", Code::InvalidArgument},
                      {"", Code::InvalidArgument}};
  for (const Row& row : rows) {
    CAPTURE(row.listen);
    ServerOptions options;
    options.listen = row.listen;
    Server server(loop.io, options, handler, log);
    const Result<void> started = server.start();
    REQUIRE_FALSE(started.ok());
    CHECK(started.error().code == row.code);
    CHECK_THAT(started.error().message, Catch::Contains(row.listen));
    CHECK(server.port() == 0);
  }
}

TEST_CASE("a socket file that nobody serves is replaced, a served one and other files are not") {
  Loop loop;
  TempDir dir;
  TestHandler handler;
  NullLog log;
  ServerOptions options;
  options.listen = "unix:" + dir.path("s.sock");
  {
    boost::asio::local::stream_protocol::acceptor stale(loop.io, dir.path("s.sock"));
  }
  REQUIRE(std::filesystem::exists(dir.path("s.sock")));
  Server server(loop.io, options, handler, log);
  CHECK(server.start().ok());
  Server second(loop.io, options, handler, log);
  CHECK_FALSE(second.start().ok());

  std::ofstream(dir.path("plain")) << "text";
  options.listen = "unix:" + dir.path("plain");
  Server third(loop.io, options, handler, log);
  CHECK_FALSE(third.start().ok());
  CHECK(std::filesystem::exists(dir.path("plain")));
}

}  // namespace
}  // namespace berth::http::test
