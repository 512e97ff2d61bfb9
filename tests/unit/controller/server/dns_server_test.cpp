#include "controller/server/dns_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "tests/support/loop/run_loop.hpp"

namespace berth::controller {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using asio::ip::tcp;
using asio::ip::udp;
using namespace std::chrono_literals;

/// On which each answer takes `each` longer than it does.
struct SlowClock final : Clock {
  Now now() const override {
    Now out = SystemClock().now();
    out.mono += later;
    return out;
  }
  Duration each{};
  Duration later{};
};

/// A server that answers "u:MESSAGE" by UDP and "t:MESSAGE" by TCP, and nothing to "mute".
struct Echo {
  explicit Echo(DnsServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    auto answer = [this](std::string_view message, bool by_tcp) {
      clock.later += clock.each;
      return message == "mute" ? std::string() : (by_tcp ? "t:" : "u:") + std::string(message);
    };
    server = std::make_unique<DnsServer>(options, DnsServerDeps{io, answer, clock, metrics, log});
    REQUIRE(server->start());
  }
  void run(const std::function<Async<void>()>& body) { test::runLoop(io, log, body); }

  asio::io_context io;
  CaptureLog log;
  SlowClock clock;
  Registry metrics;
  std::unique_ptr<DnsServer> server;
};

std::string framed(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8U), static_cast<char>(message.size() & 0xffU)} +
         message;
}

/// A client by TCP.
struct Client {
  explicit Client(Echo& echo) : socket(echo.io) {
    socket.connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), echo.server->port()));
  }
  Async<void> send(std::string bytes) {
    co_await asio::async_write(socket, asio::buffer(bytes), use_awaitable);
  }
  /// The next answer; empty when the server has closed the connection.
  Async<std::string> next() {
    boost::system::error_code error;
    std::array<unsigned char, 2> head{};
    co_await asio::async_read(socket, asio::buffer(head), asio::redirect_error(use_awaitable, error));
    std::string out;
    if (error) co_return out;
    out.resize(static_cast<size_t>(head[0]) << 8U | head[1]);
    co_await asio::async_read(socket, asio::buffer(out), use_awaitable);
    co_return out;
  }
  tcp::socket socket;
};

TEST_CASE("a question by UDP is answered to who asked") {
  Echo echo;
  echo.run([&]() -> Async<void> {
    udp::socket socket(echo.io, udp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    socket.connect(udp::endpoint(asio::ip::make_address("127.0.0.1"), echo.server->port()));
    for (const std::string message : {"one", "mute", "two"}) {
      co_await socket.async_send(asio::buffer(message), use_awaitable);
      if (message == "mute") continue;
      std::array<char, 100> reply{};
      const size_t size = co_await socket.async_receive(asio::buffer(reply), use_awaitable);
      CHECK(std::string(reply.data(), size) == "u:" + message);
    }
  });
  CHECK_THAT(echo.metrics.render(), Catch::Contains("berth_dns_questions_total{by=\"udp\"} 3"));
  CHECK_THAT(echo.metrics.render(), Catch::Contains("berth_dns_unsent_total 1"));
}

TEST_CASE("questions of a connection are answered in order, however they are cut") {
  Echo echo;
  echo.run([&]() -> Async<void> {
    Client client(echo);
    co_await client.send(framed("one") + framed("two") + framed("three").substr(0, 3));
    CHECK(co_await client.next() == "t:one");
    CHECK(co_await client.next() == "t:two");
    co_await client.send(framed("three").substr(3));
    CHECK(co_await client.next() == "t:three");
    co_await client.send(framed("mute"));
    CHECK(co_await client.next() == "");
  });
}

TEST_CASE("a message that no question has the size of ends its connection") {
  Echo echo;
  echo.run([&]() -> Async<void> {
    for (const std::string& wrong : {framed(""), framed(std::string(4097, 'x'))}) {
      Client client(echo);
      co_await client.send(wrong);
      CHECK(co_await client.next() == "");
    }
    Client client(echo);
    const std::string most(4096, 'x');
    co_await client.send(framed(most));
    CHECK((co_await client.next()).size() == 4098);
  });
}

TEST_CASE("who is slow is let go, and too many are not let in") {
  DnsServerOptions options;
  options.maxConnections = 2;
  options.patience = 200ms;
  Echo echo(options);
  echo.run([&]() -> Async<void> {
    Client slow(echo);
    Client idle(echo);
    co_await slow.send(framed("one").substr(0, 4));
    Client third(echo);
    CHECK(co_await third.next() == "");
    CHECK(co_await slow.next() == "");
    CHECK(co_await idle.next() == "");
    Client again(echo);
    co_await again.send(framed("one"));
    CHECK(co_await again.next() == "t:one");
  });
}

TEST_CASE("answers get a part of the time, and what is beyond waits") {
  DnsServerOptions options;
  options.share = 0.5;
  options.burst = 100ms;
  Echo echo(options);
  echo.clock.each = 20ms;
  const auto begun = SystemClock().now().mono;
  echo.run([&]() -> Async<void> {
    Client client(echo);
    for (int i = 0; i < 15; ++i) {
      co_await client.send(framed("one"));
      CHECK(co_await client.next() == "t:one");
    }
  });
  // 15 answers of 20 ms are half of 600 ms, of which they have taken 300 and the last is not waited for.
  CHECK(SystemClock().now().mono - begun >= 600ms - 300ms - 100ms - 40ms);
}

TEST_CASE("an address that can't be bound is named") {
  Echo echo;
  const auto started = [&](const std::string& listen) {
    DnsServerOptions options;
    options.listen = listen;
    auto answer = [](std::string_view, bool) { return std::string(); };
    DnsServer second(options, DnsServerDeps{echo.io, answer, echo.clock, echo.metrics, echo.log});
    const Status status = second.start();
    return status ? std::string("started") : status.error().message;
  };
  const std::string taken = "127.0.0.1:" + std::to_string(echo.server->port());
  CHECK_THAT(started(taken), Catch::StartsWith("can't listen on discovery.listen " + taken + ": "));
  CHECK_THAT(started("unix:/x"), Catch::Contains("must be IPv4:port or [IPv6]:port"));
  CHECK_THAT(started("127.0.0.1"), Catch::Contains("must be IPv4:port or [IPv6]:port"));
  CHECK(started("[::1]:0") == "started");
}

}  // namespace
}  // namespace berth::controller
