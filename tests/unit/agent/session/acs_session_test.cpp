#include "agent/session/acs_session.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/async/event.hpp"
#include "common/http/server.hpp"
#include "common/ids/random.hpp"
#include "common/log/capture.hpp"
#include "proto/acs/codec.hpp"
#include "tests/support/loop/run_loop.hpp"

namespace berth::agent {
namespace {

/// A controller on loopback that takes extensions as it is told, and every report.
class Commander final : public http::Handler {
 public:
  Commander() {
    http::ServerOptions on;
    on.listen = "127.0.0.1:0";
    server = std::make_unique<http::Server>(io, on, *this, log);
    REQUIRE(server->start().ok());
    aws::ClientConfig to;
    to.endpoint = *http::parseUrl(url());
    to.scope = {"us-east-1", "ecs"};
    json = std::make_unique<aws::JsonClient>(client, to, key, clock);
    plane = std::make_unique<ControlPlane>(*json, key, "us-east-1", clock);
    LinkOptions link;
    link.identity = {"prod", "arn:instance", "us-east-1"};
    session = std::make_unique<AcsSession>(LinkDeps{io, *plane, clock, random, log}, link,
                                           [this](const acs::ToAgent&) { ++messages; });
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  Async<http::Response> handle(http::ServerRequest) override {
    ++calls;
    http::Response response;
    const nlohmann::json body{{"endpoint", url()}, {"telemetryEndpoint", url()}};
    response.body = body.dump();
    co_return response;
  }

  Async<http::UpgradeDecision> upgrade(http::ServerRequest request) override {
    offered = std::string(request.headers.get(acs::kExtensionsHeader).value_or("none"));
    http::WebSocketSession serve = [](std::shared_ptr<http::WebSocket> open) -> Async<void> {
      open->send(acs::encode(acs::ToAgent(acs::HeartbeatMessage{"h", true})));
      while (auto frame = co_await open->read()) {
        const auto message = acs::decodeFromAgent(*frame);
        const auto* told = message ? std::get_if<acs::ReportsMessage>(&*message) : nullptr;
        if (!told) continue;
        acs::ReportsAck ack{told->messageId, std::vector<acs::ReportOutcome>(told->reports.size())};
        open->send(acs::encode(acs::ToAgent(std::move(ack))));
      }
    };
    http::Headers answer;
    if (!takes.empty()) answer.add(acs::kExtensionsHeader, takes);
    co_return http::Upgrade(std::move(serve), std::move(answer));
  }

  /// Runs the session while `body` does; both end.
  void run(const std::function<Async<void>()>& body) {
    test::runLoop(io, log, [&]() -> Async<void> {
      std::stop_source stop;
      Event over;
      spawn(io.get_executor(), log, "session", [&]() -> Async<void> {
        CHECK(co_await session->run(stop.get_token()) == Ended::Stopped);
        over.set();
      });
      while (messages == 0) co_await sleepFor(std::chrono::milliseconds(1));
      co_await body();
      stop.request_stop();
      co_await over.wait();
      co_await server->stop();
    });
  }

  std::string takes;
  std::string offered;
  int calls = 0;
  int messages = 0;
  boost::asio::io_context io{1};
  CaptureLog log;
  SystemClock clock;
  SeededRandom random{1};
  http::Client client{io, {}};
  aws::StaticCredentials key{{"AKIA", "secret", "", std::nullopt}};
  std::unique_ptr<http::Server> server;
  std::unique_ptr<aws::JsonClient> json;
  std::unique_ptr<ControlPlane> plane;
  std::unique_ptr<AcsSession> session;
};

TEST_CASE("a session carries reports when its controller takes them, until it ends") {
  Commander controller;
  controller.takes = "later, reports";
  controller.run([&]() -> Async<void> {
    CHECK(controller.offered == "reports");
    CHECK(controller.session->extensions() == acs::Extensions{acs::Extension::Reports});
    CHECK_FALSE(co_await controller.plane->submit(Report(), "prod", controller.session->reports()));
    CHECK(controller.calls == 1);  // DiscoverPollEndpoint
    CHECK(controller.messages == 1);
  });
  CHECK_FALSE(controller.session->reports()->isOpen());
  CHECK(controller.session->extensions().empty());
}

TEST_CASE("a session whose controller says nothing of extensions has none") {
  for (const char* takes : {"", "news"}) {
    Commander controller;
    controller.takes = takes;
    controller.run([&]() -> Async<void> {
      CHECK(controller.offered == "reports");
      CHECK(controller.session->extensions().empty());
      CHECK_FALSE(controller.session->reports()->isOpen());
      co_return;
    });
  }
}

}  // namespace
}  // namespace berth::agent
