#include "agent/endpoints/rest/rest_server.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "agent/endpoints/host/peer_lookup.hpp"
#include "tests/unit/agent/endpoints/raw_client.hpp"

namespace berth::agent::endpoints::test {
namespace {

using namespace std::chrono_literals;

/// Something that a handler says once, and a test waits for.
class Signal {
 public:
  void set() {
    const std::lock_guard guard(lock_);
    set_ = true;
    changed_.notify_all();
  }
  bool wait(std::chrono::seconds limit = 20s) {
    std::unique_lock guard(lock_);
    return changed_.wait_for(guard, limit, [&] { return set_; });
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  bool set_ = false;
};

struct Served {
  explicit Served(RestServer::Handler handler, ConnectionLimits limits = {}) : server(log, clock) {
    // Shared by all tests of the program: only the first call counts.
    static const bool once = RestServer::useThreads(2).ok();
    REQUIRE(once);
    port = freePort();
    const Status status =
        server.start({.port = port, .mostBody = 100, .connections = limits}, std::move(handler));
    INFO((status ? "" : status.error().message));
    REQUIRE(status.ok());
  }
  NullLog log;
  SystemClock clock;
  uint16_t port = 0;
  RestServer server;
};

void echo(const Request& request, const std::function<void(Response)>& reply) {
  reply({.status = 202,
         .contentType = "text/x",
         .body = request.method + " " + request.path + " " + request.query + " " + request.remoteAddress +
                 " " + request.userAgent + " " + request.body,
         .headers = {{"X-Own", "1"}}});
}

TEST_CASE("A handler sees the request and its answer arrives as it was made") {
  Served served(echo);
  RawClient client(served.port);
  const std::string answer = client.ask(
      "PUT /v4/a%2Fb/task?x=1%20 HTTP/1.1\r\nHost: h\r\nUser-Agent: cli/1\r\nContent-Length: 4\r\n\r\nbody");
  CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 202 "));
  CHECK_THAT(answer, Catch::Contains("Content-Type: text/x\r\n") && Catch::Contains("X-Own: 1\r\n"));
  CHECK_THAT(answer, Catch::EndsWith("PUT /v4/a%2Fb/task x=1%20 127.0.0.1 cli/1 body"));
  CHECK(client.ended());
  CHECK_THAT(RawClient(served.port).get("//v4//x"), Catch::EndsWith("GET //v4//x  127.0.0.1  "));
}

TEST_CASE("A connection that is kept open serves one request after the other, unless its client wants none") {
  Served served([](const Request& request, const std::function<void(Response)>& reply) {
    reply({.body = request.path, .keepOpen = request.path != "/last"});
  });
  RawClient client(served.port);
  for (const char* path : {"/a", "/b", "/c"}) {
    const std::string answer = client.get(path);
    CHECK_THAT(answer, Catch::EndsWith(path));
    CHECK_THAT(answer, !Catch::Contains("Connection:"));
  }
  CHECK_THAT(client.get("/last"), Catch::Contains("Connection: close\r\n"));
  CHECK(client.ended());
  RawClient once(served.port);
  CHECK_THAT(once.ask("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), Catch::EndsWith("/a"));
  CHECK(once.ended());
  RawClient old(served.port);
  CHECK_THAT(old.ask("GET /a HTTP/1.0\r\nHost: h\r\n\r\n"), Catch::EndsWith("/a"));
  CHECK(old.ended());
}

TEST_CASE("A bad request is refused and the server goes on") {
  Served served(echo);
  CHECK_THAT(RawClient(served.port).ask("GARBAGE\r\n\r\n"), Catch::StartsWith("HTTP/1.1 400 "));
  CHECK_THAT(RawClient(served.port).ask("GET / HTTP/1.1\r\nno colon\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 400 "));
  CHECK_THAT(RawClient(served.port).get("/"), Catch::StartsWith("HTTP/1.1 202 "));
}

TEST_CASE("A body that is too long is refused, however much of it comes") {
  Served served(echo);
  RawClient client(served.port);
  const std::string answer =
      client.ask("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + std::string(100000, 'x'));
  CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 413 "));
  CHECK(client.ended());
  RawClient chunked(served.port);
  const std::string refused =
      chunked.ask("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
  CHECK_THAT(refused, Catch::StartsWith("HTTP/1.1 411 "));
  CHECK_THAT(RawClient(served.port).get("/"), Catch::StartsWith("HTTP/1.1 202 "));
}

TEST_CASE("An answer may come later, from another thread, while others are served") {
  Signal arrived;
  std::function<void(Response)> held;
  Served served([&](const Request& request, const std::function<void(Response)>& reply) {
    if (request.path != "/slow") return reply({.body = "fast"});
    held = reply;
    arrived.set();
  });
  std::vector<RawClient> slow;
  slow.emplace_back(served.port);
  slow[0].send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(arrived.wait());
  for (int one = 0; one < 5; ++one) CHECK_THAT(RawClient(served.port).get("/fast"), Catch::EndsWith("fast"));
  std::thread([&] { held({.body = "at last"}); }).join();
  CHECK_THAT(slow[0].answer(), Catch::EndsWith("at last"));
}

TEST_CASE("A taken port is an error that names the address and the way out") {
  const Listening taken;
  NullLog log;
  const SystemClock clock;
  RestServer server(log, clock);
  const Status status = server.start({.port = taken.port()}, echo);
  REQUIRE_FALSE(status);
  CHECK_THAT(status.error().message, Catch::Contains("127.0.0.1:" + std::to_string(taken.port())) &&
                                         Catch::Contains("in use") && Catch::Contains("choose another"));
  const uint16_t other = freePort();
  REQUIRE(server.start({.port = other}, echo));
  CHECK_THAT(RawClient(other).get("/"), Catch::StartsWith("HTTP/1.1 202 "));
  CHECK_FALSE(RestServer(log, clock).start({}, echo));
}

TEST_CASE("A server that was stopped can be started again on its port") {
  Served served(echo);
  RawClient before(served.port);
  CHECK_THAT(before.get("/"), Catch::StartsWith("HTTP/1.1 202 "));
  served.server.stop();
  CHECK(before.ended());
  CHECK_THROWS(RawClient(served.port));
  REQUIRE(served.server.start({.port = served.port}, echo));
  CHECK_THAT(RawClient(served.port).get("/"), Catch::StartsWith("HTTP/1.1 202 "));
}

TEST_CASE("Stopping calls what was put off, so that nobody's answer is lost") {
  std::atomic<int> called = 0;
  Signal arrived;
  RestServer* server = nullptr;
  Served served([&](const Request&, const std::function<void(Response)>& reply) {
    server->later(1h, [&called, reply] {
      ++called;
      reply({.body = "stopping"});
    });
    arrived.set();
  });
  server = &served.server;
  RawClient client(served.port);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(arrived.wait());
  served.server.stop();
  CHECK(called == 1);
}

TEST_CASE("Work that was put off is done in its time") {
  Served served(echo);
  Signal done;
  served.server.later(10ms, [&] { done.set(); });
  CHECK(done.wait());
}

TEST_CASE("A silent connection is cut, and one that sends its request drop by drop") {
  ConnectionLimits limits;
  limits.silence = 300ms;
  Served served(echo, limits);
  RawClient silent(served.port);
  RawClient slow(served.port);
  slow.send("GET / HTTP/1.1\r\n");
  CHECK(silent.ended());
  CHECK(slow.ended());
}

TEST_CASE("A request without an end is cut before it fills the memory") {
  ConnectionLimits limits;
  limits.bytesPerSecond = 100000;
  Served served(echo, limits);
  RawClient client(served.port);
  client.send("GET / HTTP/1.1\r\n");
  const std::string header = "X: " + std::string(10000, 'x') + "\r\n";
  size_t sent = 0;
  while (sent < (size_t(1) << 30) && client.send(header)) sent += header.size();
  INFO(sent);
  CHECK(sent < (size_t(1) << 30));
}

TEST_CASE("Of too many connections of one address those above the limit are cut") {
  ConnectionLimits limits;
  limits.mostOfOne = 3;
  Served served(echo, limits);
  std::vector<RawClient> clients;
  for (int one = 0; one < 6; ++one) clients.emplace_back(served.port);
  size_t cut = 0;
  size_t open = 0;
  while (cut < 3) {
    std::vector<pollfd> polled;
    for (const RawClient& one : clients) polled.push_back({one.fd(), POLLIN, 0});
    REQUIRE(::poll(polled.data(), polled.size(), 20000) > 0);
    cut = static_cast<size_t>(
        std::ranges::count_if(polled, [](const pollfd& one) { return one.revents != 0; }));
  }
  for (RawClient& one : clients) open += one.get("/").starts_with("HTTP/1.1 202 ") ? 1 : 0;
  CHECK(open == 3);
}

TEST_CASE("The ports of the connections that wait for an answer are known, and of no others") {
  std::vector<uint16_t> ports;
  std::vector<PeerOwner> owners;
  uint16_t port = 0;
  Served served([&](const Request&, const auto& reply) {
    ports = peerPorts(port, "127.0.0.1");
    owners = PeerLookup().owners("127.0.0.1", ports);
    reply({.status = 200});
  });
  port = served.port;
  const RawClient idle(served.port);
  RawClient answered(served.port);
  answered.get("/");
  RawClient asking(served.port);
  asking.get("/");
  CHECK(ports == std::vector<uint16_t>{asking.port()});
  REQUIRE(owners.size() == 1);
  const bool known = owners[0].kind == PeerOwner::Kind::Host || owners[0].kind == PeerOwner::Kind::Container;
  CHECK(known);
  CHECK(served.server.portsOf("127.0.0.1").empty());
  CHECK(served.server.portsOf("127.0.0.2").empty());
}

}  // namespace
}  // namespace berth::agent::endpoints::test
