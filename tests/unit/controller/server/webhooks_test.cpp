#include "controller/server/webhooks.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "common/http/server.hpp"
#include "tests/support/loop/run_loop.hpp"

namespace berth::controller {
namespace {

using namespace std::chrono_literals;

class HookClock final : public Clock {
 public:
  Now now() const override { return {MonoTime(1h), WallTime(1000ms)}; }
};

/// Takes events, after the answers that the test says.
class Receiver final : public http::Handler {
 public:
  std::vector<int> answers;  ///< of the first requests; 200 after them
  std::vector<http::ServerRequest> got;
  Event more;

  Async<http::Response> handle(http::ServerRequest request) override {
    http::Response response;
    if (got.size() < answers.size()) response.status = answers[got.size()];
    got.push_back(std::move(request));
    more.set();
    more.reset();
    co_return response;
  }
  Async<void> until(size_t count) {
    while (got.size() < count) {
      if (!co_await more.wait(10s)) co_return;
    }
  }
  std::string bodies() const {
    std::string out;
    for (const auto& one : got) out += one.body + " ";
    return out;
  }
};

struct Hooked {
  explicit Hooked(size_t capacity = 100) : feed(capacity, clock), server(io, options(), receiver, log) {
    REQUIRE(server.start().ok());
  }
  static http::ServerOptions options() {
    http::ServerOptions out;
    out.listen = "127.0.0.1:0";
    return out;
  }
  void start(EventFilter filter = {}, uint16_t port = 0) {
    const std::string url = "http://127.0.0.1:" + std::to_string(port ? port : server.port()) + "/hook";
    auto render = [](const Change& change) {
      return Json(std::get<std::shared_ptr<const Task>>(change.what)->id);
    };
    hooks.emplace(std::vector<Webhook>{{"ops", url, "key", std::move(filter)}},
                  WebhookDeps{io, client, feed, render, clock, random, metrics, log});
    hooks->start();
  }
  void change(const std::string& id, const std::string& cluster = "default") {
    Task task;
    task.id = id;
    TaskSpec spec;
    spec.cluster = cluster;
    task.spec = Shared<TaskSpec>(std::move(spec));
    Output out;
    out.mutations.emplace_back(Entity(std::move(task)));
    feed.add(out, state);
  }
  double count(const std::string& what) {
    return metrics
        .counter("berth_webhook_" + what + "_total",
                 what == "sent"      ? "events that a webhook has taken"
                 : what == "dropped" ? "changes that a webhook will not be sent"
                                     : "attempts that a webhook did not take",
                 {{"webhook", "ops"}})
        .value();
  }

  boost::asio::io_context io;
  CaptureLog log;
  HookClock clock;
  SeededRandom random{3};
  State state;
  EventFeed feed;
  Receiver receiver;
  http::Server server;
  http::Client client{io, {}};
  Registry metrics;
  std::optional<Webhooks> hooks;
};

TEST_CASE("events are posted in order, signed, with their ids, from the start on") {
  Hooked hooked;
  hooked.change("early");
  hooked.start();
  test::runLoop(hooked.io, hooked.log, [&]() -> Async<void> {
    hooked.change("a");
    hooked.change("b");
    co_await hooked.receiver.until(2);
    co_await sleepFor(20ms);
  });
  CHECK(hooked.receiver.bodies() == "\"a\" \"b\" ");
  const http::ServerRequest& first = hooked.receiver.got.at(0);
  CHECK(first.method == "POST");
  CHECK(first.path == "/hook");
  CHECK(first.headers.get("Content-Type") == "application/json");
  CHECK(first.headers.get("Berth-Event-Id") == "1000001");
  CHECK(first.headers.get("Berth-Signature") == webhookSignature("key", hooked.clock.now().wall, "\"a\""));
  CHECK(hooked.count("sent") == 2);
}

TEST_CASE("what a webhook does not take for now is sent again before what follows") {
  Hooked hooked;
  hooked.receiver.answers = {503, 429};
  hooked.start();
  test::runLoop(hooked.io, hooked.log, [&]() -> Async<void> {
    hooked.change("a");
    hooked.change("b");
    co_await hooked.receiver.until(4);
    co_await sleepFor(20ms);
  });
  CHECK(hooked.receiver.bodies() == "\"a\" \"a\" \"a\" \"b\" ");
  CHECK(hooked.count("failures") == 2);
  CHECK(hooked.count("sent") == 2);
  CHECK(hooked.count("dropped") == 0);
}

TEST_CASE("what a webhook refuses is dropped, counted and logged") {
  Hooked hooked;
  hooked.receiver.answers = {400};
  hooked.start();
  test::runLoop(hooked.io, hooked.log, [&]() -> Async<void> {
    hooked.change("a");
    hooked.change("b");
    co_await hooked.receiver.until(2);
    co_await sleepFor(20ms);
  });
  CHECK(hooked.receiver.bodies() == "\"a\" \"b\" ");
  CHECK(hooked.count("dropped") == 1);
  CHECK(hooked.count("sent") == 1);
  CHECK_THAT(hooked.log.text(), Catch::Contains("a webhook has refused an event"));
}

TEST_CASE("changes that fall out of the log before a slow webhook took them are dropped and counted") {
  Hooked hooked(2);
  hooked.receiver.answers = {500};
  hooked.start();
  test::runLoop(hooked.io, hooked.log, [&]() -> Async<void> {
    hooked.change("a");
    co_await hooked.receiver.until(1);
    for (const char* id : {"b", "c", "d"}) hooked.change(id);
    co_await hooked.receiver.until(3);
    co_await sleepFor(20ms);
  });
  CHECK(hooked.receiver.bodies() == "\"a\" \"c\" \"d\" ");
  CHECK(hooked.count("dropped") == 2);
}

TEST_CASE("a webhook gets only what its filter takes") {
  Hooked hooked;
  hooked.start(EventFilter{"prod", {}, {}});
  test::runLoop(hooked.io, hooked.log, [&]() -> Async<void> {
    hooked.change("a");
    hooked.change("b", "prod");
    co_await hooked.receiver.until(1);
    co_await sleepFor(20ms);
  });
  CHECK(hooked.receiver.bodies() == "\"b\" ");
}

}  // namespace
}  // namespace berth::controller
