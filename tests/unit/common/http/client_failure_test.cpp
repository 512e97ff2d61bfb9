#include "tests/unit/common/http/support.hpp"

#include <catch2/catch.hpp>

#include "common/async/event.hpp"

namespace berth::http::test {
namespace {

TEST_CASE("a refused connection is Unavailable and names the origin, not the query") {
  Loop loop;
  std::string url;
  {
    RawServer closed(loop);
    url = closed.url("/path?token=secret");
  }
  Client client(loop.io, {});
  loop.run([&]() -> Async<void> {
    const Result<Response> answer = co_await client.fetch(get(url));
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == Code::Unavailable);
    CHECK(answer.error().retryable);
    CHECK_THAT(answer.error().message, Catch::StartsWith("GET http://127.0.0.1:"));
    CHECK_THAT(answer.error().message, !Catch::Contains("secret") && !Catch::Contains("/path"));
  });
}

TEST_CASE("a reset or an end in the middle of an answer is Unavailable") {
  Loop loop;
  RawServer server(loop, GENERATE(Over::Tcp, Over::Unix));
  Client client(loop.io, {});
  loop.beside([&]() -> Async<void> {
    RawSocket reset = co_await server.accept();
    co_await reset.readUntil("\r\n\r\n");
    reset.reset();
    RawSocket cut = co_await server.accept();
    co_await cut.readUntil("\r\n\r\n");
    co_await cut.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    cut.close();
    RawSocket odd = co_await server.accept();
    co_await odd.readUntil("\r\n\r\n");
    co_await odd.write("SSH-2.0-OpenSSH\r\n\r\n");
    odd.close();
  });
  loop.run([&]() -> Async<void> {
    CHECK((co_await client.fetch(server.call())).error().code == Code::Unavailable);
    CHECK((co_await client.fetch(server.call())).error().code == Code::Unavailable);
    CHECK((co_await client.fetch(server.call())).error().code == Code::Internal);
  });
}

TEST_CASE("the time limit of a call ends it") {
  Loop loop;
  RawServer server(loop, GENERATE(Over::Tcp, Over::Unix));
  Client client(loop.io, {});
  Event end;
  loop.beside([&]() -> Async<void> {
    RawSocket peer = co_await server.accept();
    co_await end.wait();
  });
  loop.run([&]() -> Async<void> {
    Call call = server.call();
    call.timeout = 50ms;
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == Code::DeadlineExceeded);
    end.set();
  });
}

TEST_CASE("inactivity ends a call, and every byte starts it anew") {
  Loop loop;
  RawServer server(loop, GENERATE(Over::Tcp, Over::Unix));
  Client client(loop.io, {});
  Event end;
  loop.beside([&]() -> Async<void> {
    RawSocket peer = co_await server.accept();
    co_await peer.readUntil("\r\n\r\n");
    co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 6; ++i) {
      co_await sleepFor(100ms);
      co_await peer.write("x");
    }
    co_await end.wait();
  });
  loop.run([&]() -> Async<void> {
    Call call = server.call();
    call.inactivity = 300ms;
    size_t got = 0;
    call.onBody = [&](std::string_view chunk) { return (got += chunk.size()) > 0; };
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == Code::DeadlineExceeded);
    CHECK(got == 6);
    end.set();
  });
}

TEST_CASE("a stop ends a call before, while and from inside it") {
  Loop loop;
  RawServer server(loop, GENERATE(Over::Tcp, Over::Unix));
  Client client(loop.io, {});
  Event received;
  loop.beside([&]() -> Async<void> {
    RawSocket silent = co_await server.accept();
    co_await silent.readUntil("\r\n\r\n");
    received.set();
    CHECK((co_await silent.readAll()).empty());  // ends because the client closes
    RawSocket talking = co_await server.accept();
    co_await talking.readUntil("\r\n\r\n");
    co_await talking.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx");
    co_await talking.readAll();
  });
  loop.run([&]() -> Async<void> {
    std::stop_source stop;
    loop.beside([&]() -> Async<void> {
      co_await received.wait();
      stop.request_stop();
    });
    CHECK((co_await client.fetch(server.call(), stop.get_token())).error().code == Code::Cancelled);
    CHECK((co_await client.fetch(server.call(), stop.get_token())).error().code == Code::Cancelled);

    std::stop_source inside;
    Call call = server.call();
    call.onBody = [&](std::string_view) { return inside.request_stop(); };
    CHECK((co_await client.fetch(call, inside.get_token())).error().code == Code::Cancelled);
  });
}

TEST_CASE("destroying the client ends its calls with Cancelled") {
  Loop loop;
  RawServer server(loop, GENERATE(Over::Tcp, Over::Unix));
  auto client = std::make_unique<Client>(loop.io, ClientOptions{});
  loop.beside([&]() -> Async<void> {
    RawSocket peer = co_await server.accept();
    co_await peer.readUntil("\r\n\r\n");
    client.reset();
    co_await peer.readAll();
  });
  loop.run([&]() -> Async<void> {
    CHECK((co_await client->fetch(server.call())).error().code == Code::Cancelled);
  });
}

TEST_CASE("a loop may be destroyed with a call under way") {
  auto loop = std::make_unique<Loop>();
  auto server = std::make_unique<RawServer>(*loop, GENERATE(Over::Tcp, Over::Unix));
  auto client = std::make_unique<Client>(loop->io, ClientOptions{});
  loop->run([&]() -> Async<void> {
    loop->beside([&]() -> Async<void> { static_cast<void>(co_await client->fetch(server->call())); });
    RawSocket peer = co_await server->accept();
    co_await peer.readUntil("\r\n\r\n");
  });
  server.reset();
  SECTION("after the client") { client.reset(); }
  SECTION("and the client before its coroutine resumes") {
    client.reset();
    loop->io.restart();
  }
  loop.reset();
}

TEST_CASE("requests that can't be sent are refused before anything is sent") {
  Loop loop;
  Client client(loop.io, {});
  loop.run([&]() -> Async<void> {
    Call badHeader = get("http://127.0.0.1:1/");
    badHeader.request.headers.add("X", "a\r\nY: b");
    Call badName = get("http://127.0.0.1:1/");
    badName.request.headers.add("X Y", "a");
    Call badMethod = get("http://127.0.0.1:1/");
    badMethod.request.method = "GET /";
    const std::string path = GENERATE("", "/nowhere/api.sock");
    for (Call call : {badHeader, badName, badMethod, get("nonsense"), get("ws://127.0.0.1:1/")}) {
      call.unixSocket = path;
      const Result<Response> answer = co_await client.fetch(call);
      REQUIRE_FALSE(answer.ok());
      CHECK(answer.error().code == Code::InvalidArgument);
    }
  });
}

}  // namespace
}  // namespace berth::http::test
