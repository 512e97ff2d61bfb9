#include "common/http/server_thread.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>

#include "common/async/event.hpp"
#include "tests/unit/common/http/support.hpp"

namespace berth::http::test {
namespace {

/// Counts what is not done on the thread that it was made on.
struct Home {
  std::thread::id id = std::this_thread::get_id();
  int strays = 0;

  void visit() { strays += std::this_thread::get_id() == id ? 0 : 1; }
};

/// Answers each message with itself; one "throw" is a bug, and one "close" closes.
class HomeEcho final : public WebSocketListener {
 public:
  HomeEcho(Home& home, std::shared_ptr<WebSocket> socket, Event& ended, CloseInfo& info)
      : home_(home), socket_(std::move(socket)), ended_(ended), info_(info) {}
  ~HomeEcho() override { home_.visit(); }

  void onMessage(std::string message) override {
    home_.visit();
    if (message == "throw") throw std::runtime_error("bug");
    if (message == "close") return socket_->close(4000, "as asked");
    socket_->send(std::move(message));
  }
  void onClosed() override {
    home_.visit();
    info_ = socket_->closeInfo();
    ended_.set();
  }

 private:
  Home& home_;
  std::shared_ptr<WebSocket> socket_;
  Event& ended_;
  CloseInfo& info_;
};

/// Two pieces, the second once it is let go.
class HomeBody final : public BodySource {
 public:
  HomeBody(Home& home, Event& gone) : home_(home), gone_(gone) {}
  ~HomeBody() override {
    home_.visit();
    gone_.set();
  }
  Async<std::string> next() override {
    home_.visit();
    if (++asked_ == 1) co_return "first ";
    if (asked_ == 2) co_await release_.wait();
    co_return asked_ == 2 && !stopped_ ? "second" : "";
  }
  void stop() override {
    home_.visit();
    stopped_ = true;
    release_.set();
  }
  void release() { release_.set(); }

 private:
  Home& home_;
  Event& gone_;
  Event release_;
  int asked_ = 0;
  bool stopped_ = false;
};

class HomeHandler final : public Handler {
 public:
  explicit HomeHandler(Home& home) : home_(home) {}

  Async<Response> handle(ServerRequest request) override {
    home_.visit();
    if (request.path == "/throw") throw std::runtime_error("bug");
    co_return reply("answer to " + request.body);
  }
  Async<Answer> answer(ServerRequest request) override {
    if (request.path != "/stream") co_return co_await handle(std::move(request));
    body = std::make_shared<HomeBody>(home_, gone);
    StreamedResponse out{reply(""), body};
    co_return out;
  }
  Async<UpgradeDecision> upgrade(ServerRequest request) override {
    home_.visit();
    if (request.path == "/refused") co_return reply("not here", 403);
    if (request.path == "/session") co_return Upgrade(session);
    WebSocketOpened opened = [this](std::shared_ptr<WebSocket> socket) {
      home_.visit();
      return std::make_shared<HomeEcho>(home_, std::move(socket), ended, info);
    };
    co_return Upgrade(std::move(opened), {}, request.path == "/answered" ? answerer : nullptr);
  }

  Event ended;
  CloseInfo info;
  Event gone;
  std::shared_ptr<HomeBody> body;
  WebSocketSession session;
  WebSocketAnswerer answerer;

 private:
  Home& home_;
};

struct Threaded {
  Threaded() : server(loop.io, onFreePort(), handler, log) { REQUIRE(server.start().ok()); }

  std::string url(const std::string& target = "/") const {
    return "http://127.0.0.1:" + std::to_string(server.port()) + target;
  }
  Async<Result<std::shared_ptr<WebSocket>>> connect(std::string target) {
    WsClientOptions client;
    client.url = url(target);
    co_return co_await connectWebSocket(loop.io, client);
  }

  Loop loop;
  Home home;
  HomeHandler handler{home};
  NullLog log;
  ServerThread server;
};

}  // namespace

TEST_CASE("a server on its own thread has its handler answer at home") {
  Threaded f;
  f.loop.run([&]() -> Async<void> {
    Client client(f.loop.io, {});
    for (const std::string body : {"one", "two"}) {
      const auto answer = co_await client.fetch(post(f.url(), body));
      REQUIRE(answer.ok());
      CHECK(answer->status == 200);
      CHECK(answer->body == "answer to " + body);
    }
    const auto bug = co_await client.fetch(get(f.url("/throw")));
    REQUIRE(bug.ok());
    CHECK(bug->status == 500);
  });
  CHECK(f.home.strays == 0);
}

TEST_CASE("a body that is made at home is sent by the server's thread, and ends there") {
  Threaded f;
  f.loop.run([&]() -> Async<void> {
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(co_await client.readUntil("first "), Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
    f.handler.body->release();
    f.handler.body.reset();
    CHECK_THAT(co_await client.readUntil("0\r\n\r\n"), Catch::Contains("second"));
    CHECK(co_await f.handler.gone.wait(5s));
  });
  CHECK(f.home.strays == 0);
}

TEST_CASE("a listener at home is told of the messages of the server's thread, in their order") {
  Threaded f;
  f.loop.run([&]() -> Async<void> {
    const auto open = co_await f.connect("/echo");
    REQUIRE(open.ok());
    constexpr int kMany = 500;
    for (int i = 0; i < kMany; ++i) (*open)->send(std::to_string(i));
    for (int i = 0; i < kMany; ++i) {
      const auto back = co_await (*open)->read();
      REQUIRE(back.ok());
      REQUIRE(*back == std::to_string(i));
    }
    (*open)->send("close");
    CHECK_FALSE((co_await (*open)->read()).ok());
    CHECK((*open)->closeInfo().code == 4000);
    CHECK(co_await f.handler.ended.wait(5s));
    CHECK(f.handler.info.code == 4000);
    CHECK(f.handler.info.clean);
    const auto second = co_await f.connect("/echo");
    REQUIRE(second.ok());
    (*second)->send("throw");
    CHECK_FALSE((co_await (*second)->read()).ok());
    CHECK((*second)->closeInfo().code == 1011);
    const auto refused = co_await f.connect("/refused");
    CHECK_FALSE(refused.ok());
  });
  CHECK(f.home.strays == 0);
}

TEST_CASE(
    "what an answerer answers is answered on the server's thread, and the listener is told of the rest") {
  Threaded f;
  std::atomic<int> atHome = 0;
  f.handler.answerer = [&](std::string_view message) -> std::string {
    if (std::this_thread::get_id() == f.home.id) ++atHome;
    if (message == "bug") throw std::runtime_error("bug");
    return message == "ping" ? "pong" : "";
  };
  f.loop.run([&]() -> Async<void> {
    const auto open = co_await f.connect("/answered");
    REQUIRE(open.ok());
    for (const std::string_view sent : {"ping", "other", "ping"}) {
      (*open)->send(std::string(sent));
      const auto back = co_await (*open)->read();
      REQUIRE(back.ok());
      CHECK(*back == (sent == "ping" ? "pong" : sent));
    }
    (*open)->send("bug");
    CHECK_FALSE((co_await (*open)->read()).ok());
    CHECK((*open)->closeInfo().code == 1011);
    CHECK(co_await f.handler.ended.wait(5s));
  });
  CHECK(f.home.strays == 0);
  CHECK(atHome == 0);
}

TEST_CASE("a session at home reads and writes a websocket of the server's thread") {
  Threaded f;
  CloseInfo seen;
  Event over;
  f.handler.session = [&](std::shared_ptr<WebSocket> socket) -> Async<void> {
    while (const auto message = co_await socket->read()) {
      f.home.visit();
      socket->sendBinary("<" + *message + ">");
      CHECK(co_await socket->drained(0));
      f.home.visit();
    }
    seen = socket->closeInfo();
    CHECK_FALSE(co_await socket->drained(0));
    over.set();
  };
  f.loop.run([&]() -> Async<void> {
    const auto open = co_await f.connect("/session");
    REQUIRE(open.ok());
    (*open)->send("a");
    const auto back = co_await (*open)->read();
    REQUIRE(back.ok());
    CHECK(*back == "<a>");
    (*open)->close(4001, "enough");
    CHECK(co_await over.wait(5s));
  });
  CHECK(seen.code == 4001);
  CHECK(seen.reason == "enough");
  CHECK(f.home.strays == 0);
}

TEST_CASE("a server's thread stops with all that it serves, or is destroyed under it") {
  Threaded f;
  f.loop.run([&]() -> Async<void> {
    const auto open = co_await f.connect("/echo");
    REQUIRE(open.ok());
    RawSocket client = co_await RawSocket::connect(f.server.port());
    co_await client.write("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await client.readUntil("first ");
    f.handler.body.reset();
    co_await f.server.stop();
    CHECK(co_await f.handler.gone.wait(5s));
    CHECK_FALSE((co_await (*open)->read()).ok());
    CHECK((*open)->closeInfo().code == 1001);
    CHECK(co_await f.handler.ended.wait(5s));
    CHECK(f.handler.info.code == 1001);
  });
  CHECK(f.home.strays == 0);
  Threaded under;
  std::shared_ptr<WebSocket> kept;
  under.loop.run([&]() -> Async<void> {
    const auto open = co_await under.connect("/echo");
    REQUIRE(open.ok());
    kept = *open;
    kept->send("hello");
    CHECK((co_await kept->read()).ok());
  });
}

}  // namespace berth::http::test
