#include <catch2/catch.hpp>

#include "tests/unit/common/http/support.hpp"

namespace berth::http::test {
namespace {

TEST_CASE("TLS works with a trusted certificate and is refused with any other") {
  Loop loop;
  TempDir dir;
  TestHandler handler;
  NullLog log;
  const TlsFiles trusted = makeCertificate(dir);
  const TlsFiles other = makeCertificate(dir, "other");
  ServerOptions options = onFreePort();
  options.tls = trusted;
  Server server(loop.io, options, handler, log);
  ClientOptions trusting;
  trusting.caFile = trusted.certFile;
  ClientOptions misled;
  misled.caFile = other.certFile;
  ClientOptions unchecked;
  unchecked.verifyTls = false;
  Client good(loop.io, trusting);
  Client wrong(loop.io, misled);
  Client careless(loop.io, unchecked);
  loop.run([&]() -> Async<void> {
    REQUIRE(server.start().ok());
    const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/x";
    for (int i = 0; i < 3; ++i) {
      const Result<Response> answer = co_await good.fetch(get(url));
      REQUIRE(answer.ok());
      CHECK(answer->body == "GET /x ");
    }
    const Result<Response> refused = co_await wrong.fetch(get(url));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::FailedPrecondition);
    CHECK_THAT(refused.error().message, Catch::Contains("https://127.0.0.1:"));
    CHECK((co_await careless.fetch(get(url))).ok());

    const Result<Response> plain = co_await good.fetch(get(urlOf(server, "/x")));
    CHECK_FALSE(plain.ok());
    co_await server.stop();
  });
}

TEST_CASE("a certificate that is read again is shown to new connections, and old ones go on") {
  Loop loop;
  TempDir dir;
  TestHandler handler;
  NullLog log;
  const TlsFiles first = makeCertificate(dir, "first");
  const TlsFiles second = makeCertificate(dir, "second");
  const TlsFiles used{dir.path("used.crt"), dir.path("used.key")};
  const auto use = [&](const std::string& certificate, const std::string& key) {
    constexpr auto kReplace = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(certificate, used.certFile, kReplace);
    std::filesystem::copy_file(key, used.keyFile, kReplace);
  };
  use(first.certFile, first.keyFile);
  ServerOptions options = onFreePort();
  options.tls = used;
  Server server(loop.io, options, handler, log);
  ClientOptions trusts_first;
  trusts_first.caFile = first.certFile;
  ClientOptions trusts_second;
  trusts_second.caFile = second.certFile;
  Client old_client(loop.io, trusts_first);
  Client late_client(loop.io, trusts_first);
  Client new_client(loop.io, trusts_second);
  loop.run([&]() -> Async<void> {
    REQUIRE(server.start().ok());
    const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/x";
    CHECK((co_await old_client.fetch(get(url))).ok());
    use(second.certFile, first.keyFile);
    const Result<void> mixed = server.reloadTls();
    REQUIRE_FALSE(mixed.ok());
    CHECK(mixed.error().code == Code::InvalidArgument);
    CHECK_THAT(mixed.error().message, Catch::Contains("used.key"));
    CHECK((co_await old_client.fetch(get(url))).ok());
    use(second.certFile, second.keyFile);
    REQUIRE(server.reloadTls().ok());
    CHECK((co_await new_client.fetch(get(url))).ok());
    // The connection from before is still open.
    CHECK((co_await old_client.fetch(get(url))).ok());
    CHECK_FALSE((co_await late_client.fetch(get(url))).ok());
    co_await server.stop();
  });
}

TEST_CASE("a server without usable certificate files does not start and names the file") {
  Loop loop;
  TempDir dir;
  TestHandler handler;
  NullLog log;
  TlsFiles files = makeCertificate(dir);
  files.keyFile = dir.path("missing.key");
  ServerOptions options = onFreePort();
  options.tls = files;
  Server server(loop.io, options, handler, log);
  const Result<void> started = server.start();
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().code == Code::InvalidArgument);
  CHECK_THAT(started.error().message, Catch::Contains("missing.key"));
}

TEST_CASE("a websocket over TLS checks the server's name and certificate") {
  Loop loop;
  TempDir dir;
  TestHandler handler;
  NullLog log;
  const TlsFiles files = makeCertificate(dir);
  const TlsFiles other = makeCertificate(dir, "other");
  handler.onUpgrade = [](ServerRequest) -> Async<UpgradeDecision> {
    WebSocketSession echo = [](std::shared_ptr<WebSocket> socket) -> Async<void> {
      for (;;) {
        Result<std::string> message = co_await socket->read();
        if (!message) co_return;
        socket->send(std::move(*message));
      }
    };
    co_return echo;
  };
  ServerOptions options = onFreePort();
  options.tls = files;
  Server server(loop.io, options, handler, log);
  loop.run([&]() -> Async<void> {
    REQUIRE(server.start().ok());
    const std::string port = std::to_string(server.port());
    for (const char* host : {"127.0.0.1", "localhost"}) {
      WsClientOptions client;
      client.url = std::string("wss://") + host + ":" + port + "/ws";
      client.caFile = files.certFile;
      Result<std::shared_ptr<WebSocket>> socket = co_await connectWebSocket(loop.io, client);
      REQUIRE(socket.ok());
      const std::string big(1 << 20, 'q');
      (*socket)->send(big);
      const Result<std::string> echoed = co_await (*socket)->read();
      REQUIRE(echoed.ok());
      CHECK(*echoed == big);
      (*socket)->close(1000, "done");
      CHECK_FALSE((co_await (*socket)->read()).ok());
      CHECK((*socket)->closeInfo().clean);
    }
    WsClientOptions distrusting;
    distrusting.url = "wss://127.0.0.1:" + port;
    distrusting.caFile = other.certFile;
    const auto refused = co_await connectWebSocket(loop.io, distrusting);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::FailedPrecondition);

    WsClientOptions wrongName;
    wrongName.url = "wss://127.0.0.2:" + port;
    wrongName.caFile = files.certFile;
    CHECK_FALSE((co_await connectWebSocket(loop.io, wrongName)).ok());
    co_await server.stop();
  });
}

}  // namespace
}  // namespace berth::http::test
