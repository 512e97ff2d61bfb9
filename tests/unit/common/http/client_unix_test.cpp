// What is particular to calls on a unix socket, which do not go through libcurl. Whatever both have in common
// is tested over both, beside the other tests of the client.
#include <catch2/catch.hpp>

#include "common/async/event.hpp"
#include "tests/unit/common/http/support.hpp"

namespace berth::http::test {
namespace {

constexpr const char* kEmptyAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Serves each connection with one script, in the order in which they come.
void serve(Loop& loop, RawServer& server, std::vector<std::function<Async<void>(RawSocket&)>> scripts) {
  loop.beside([&server, scripts = std::move(scripts)]() -> Async<void> {
    for (const auto& script : scripts) {
      RawSocket peer = co_await server.accept();
      co_await script(peer);
    }
  });
}

TEST_CASE("a request on a unix socket is written as HTTP/1.1 has it") {
  Loop loop;
  RawServer server(loop, Over::Unix);
  Client client(loop.io, {});
  std::string seen;
  serve(loop, server, {[&](RawSocket& peer) -> Async<void> {
          seen = co_await peer.readUntil("{body}");
          co_await peer.write(kEmptyAnswer);
          seen += co_await peer.readUntil("\r\n\r\n");
          co_await peer.write(kEmptyAnswer);
        }});
  loop.run([&]() -> Async<void> {
    Call call = server.call("/a%20b?c=d");
    call.request.method = "POST";
    call.request.headers.add("Content-Type", "application/json");
    call.request.headers.add("Content-Length", "7");
    call.request.body = "{body}";
    CHECK((co_await client.fetch(call)).ok());
    CHECK((co_await client.fetch(server.call())).ok());
  });
  CHECK(seen ==
        "POST /a%20b?c=d HTTP/1.1\r\nHost: localhost\r\nUser-Agent: berth\r\n"
        "Content-Type: application/json\r\nContent-Length: 6\r\n\r\n{body}"
        "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: berth\r\n\r\n");
}

TEST_CASE("a kept connection that the server has closed is not used") {
  Loop loop;
  RawServer server(loop, Over::Unix);
  Client client(loop.io, {});
  const auto answerOnce = [](RawSocket& peer) -> Async<void> {
    co_await peer.readUntil("\r\n\r\n");
    co_await peer.write(kEmptyAnswer);
  };
  serve(loop, server, {answerOnce, answerOnce});
  loop.run([&]() -> Async<void> {
    CHECK((co_await client.fetch(server.call())).ok());
    CHECK((co_await client.fetch(server.call())).ok());
  });
}

TEST_CASE("a request on a kept connection that ends unanswered is sent once more, on a new one") {
  Loop loop;
  RawServer server(loop, Over::Unix);
  Client client(loop.io, {});
  int requests = 0;
  const auto endAtTheSecond = [&](RawSocket& peer) -> Async<void> {
    co_await peer.readUntil("\r\n\r\n");
    co_await peer.write(kEmptyAnswer);
    co_await peer.readUntil("\r\n\r\n");
    ++requests;
    peer.close();
  };
  const auto endAtOnce = [&](RawSocket& peer) -> Async<void> {
    co_await peer.readUntil("\r\n\r\n");
    ++requests;
    peer.close();
  };
  serve(loop, server, {endAtTheSecond, endAtOnce});
  loop.run([&]() -> Async<void> {
    CHECK((co_await client.fetch(server.call())).ok());
    const Result<Response> answer = co_await client.fetch(server.call());
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == Code::Unavailable);
    CHECK(answer.error().retryable);
  });
  CHECK(requests == 2);
}

TEST_CASE("a fresh call goes on a connection of its own, which is kept for others") {
  Loop loop;
  RawServer server(loop, Over::Unix);
  Client client(loop.io, {});
  int first = 0;
  int second = 0;
  loop.beside([&]() -> Async<void> {
    for (int* count : {&first, &second}) {
      RawSocket peer = co_await server.accept();
      loop.beside([count, held = std::make_shared<RawSocket>(std::move(peer))]() -> Async<void> {
        while (!(co_await held->readUntil("\r\n\r\n")).empty()) {
          ++*count;
          co_await held->write(kEmptyAnswer);
        }
      });
    }
  });
  loop.run([&]() -> Async<void> {
    CHECK((co_await client.fetch(server.call())).ok());
    Call fresh = server.call();
    fresh.fresh = true;
    CHECK((co_await client.fetch(fresh)).ok());
    CHECK((co_await client.fetch(server.call())).ok());
  });
  CHECK(first == 1);
  CHECK(second == 2);
}

TEST_CASE("an answer without a length ends with its connection, and an interim answer is passed over") {
  Loop loop;
  RawServer server(loop, Over::Unix);
  Client client(loop.io, {});
  serve(loop, server,
        {[](RawSocket& peer) -> Async<void> {
           co_await peer.readUntil("\r\n\r\n");
           co_await peer.write("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 20");
           co_await peer.write("0 OK\r\nX-Late: 1\r\n\r\nto the ");
           co_await peer.write("end");
         },
         [](RawSocket& peer) -> Async<void> {
           co_await peer.readUntil("\r\n\r\n");
           co_await peer.write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
         }});
  loop.run([&]() -> Async<void> {
    const Result<Response> answer = co_await client.fetch(server.call());
    REQUIRE(answer.ok());
    CHECK(answer->status == 200);
    CHECK(answer->body == "to the end");
    CHECK(answer->headers == Headers{{"X-Late", "1"}});
    const Result<Response> empty = co_await client.fetch(server.call());
    REQUIRE(empty.ok());
    CHECK(empty->status == 204);
  });
}

TEST_CASE("megabytes go both ways on a unix socket, up to maxBody") {
  Loop loop;
  TempDir folder;
  TestHandler handler;
  NullLog log;
  handler.onRequest = [](ServerRequest request) -> Async<Response> { co_return reply(request.body); };
  ServerOptions options;
  options.listen = "unix:" + folder.path("api.sock");
  options.maxBody = size_t{32} << 20;
  Server server(loop.io, options, handler, log);
  Client client(loop.io, {});
  std::string big(size_t{20} << 20, '\0');
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 + i / 4096);
  loop.run([&]() -> Async<void> {
    REQUIRE(server.start().ok());
    Call call = post("http://localhost/", big);
    call.unixSocket = folder.path("api.sock");
    call.inactivity = 10s;
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE(answer.ok());
    CHECK(answer->body == big);
    call.maxBody = big.size() - 1;
    const Result<Response> tooBig = co_await client.fetch(call);
    REQUIRE_FALSE(tooBig.ok());
    CHECK(tooBig.error().code == Code::ResourceExhausted);
    CHECK_FALSE(tooBig.error().retryable);
    co_await server.stop();
  });
}

TEST_CASE("a refusal that comes before the request was read is an answer") {
  Loop loop;
  RawServer server(loop, Over::Unix);
  Client client(loop.io, {});
  serve(loop, server, {[](RawSocket& peer) -> Async<void> {
          co_await peer.readUntil("\r\n\r\n");
          co_await peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
          peer.close();
        }});
  loop.run([&]() -> Async<void> {
    Call call = server.call();
    call.request.method = "POST";
    call.request.body = std::string(size_t{8} << 20, 'x');
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE(answer.ok());
    CHECK(answer->status == 413);
    CHECK(answer->body == "no");
  });
}

TEST_CASE("a path that no unix socket can have is Unavailable") {
  Loop loop;
  Client client(loop.io, {});
  loop.run([&]() -> Async<void> {
    Call call = get("http://localhost/");
    call.unixSocket = "/" + std::string(200, 'x');
    const Result<Response> answer = co_await client.fetch(call);
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == Code::Unavailable);
    CHECK_THAT(answer.error().message, Catch::StartsWith("GET unix:/xxx"));
  });
}

}  // namespace
}  // namespace berth::http::test
