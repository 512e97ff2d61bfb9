#include "agent/session/control_plane.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <deque>
#include <nlohmann/json.hpp>

#include "common/http/server.hpp"
#include "common/log/capture.hpp"
#include "tests/support/loop/run_loop.hpp"

namespace berth::agent {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

CallFailure failed(std::string exception, std::string message) {
  return {std::move(exception), makeError(Code::Internal, std::move(message))};
}

/// A controller that gives the answers it was told, in their order.
class Controller final : public http::Handler {
 public:
  Controller() {
    http::ServerOptions on;
    on.listen = "127.0.0.1:0";
    server = std::make_unique<http::Server>(io, on, *this, log);
    REQUIRE(server->start().ok());
    aws::ClientConfig to;
    to.endpoint = http::Url{"http", "127.0.0.1", server->port(), "/", ""};
    to.scope = {"us-east-1", "ecs"};
    to.targetPrefix = "T";
    json = std::make_unique<aws::JsonClient>(client, to, key, clock);
    plane = std::make_unique<ControlPlane>(*json, key, "us-east-1", clock);
  }

  Async<http::Response> handle(http::ServerRequest request) override {
    bodies.push_back(Json::parse(request.body));
    http::Response out;
    out.status = answers.front().first;
    out.body = answers.front().second.dump();
    answers.pop_front();
    co_return out;
  }

  void run(std::function<Async<void>()> body) { test::runLoop(io, log, body); }

  std::deque<std::pair<int, Json>> answers;
  std::vector<Json> bodies;
  boost::asio::io_context io{1};
  CaptureLog log;
  SystemClock clock;
  http::Client client{io, {}};
  aws::StaticCredentials key{{"AKIA", "secret", "", std::nullopt}};
  std::unique_ptr<http::Server> server;
  std::unique_ptr<aws::JsonClient> json;
  std::unique_ptr<ControlPlane> plane;
};

}  // namespace

TEST_CASE("a cluster that is missing is made where nobody named one, whatever the exception") {
  for (const char* exception :
       {"ClusterNotFoundException", "ClientException", "InvalidParameterException", ""}) {
    CAPTURE(exception);
    CHECK(remedyFor(failed(exception, "RegisterContainerInstance: Cluster not found."), false) ==
          Remedy::CreateCluster);
  }
  CHECK(remedyFor(failed("ClusterNotFoundException", "no such thing"), false) == Remedy::CreateCluster);
  CHECK(remedyFor(failed("ClientException", "Cluster not found."), true) == Remedy::End);
  CHECK(remedyFor(failed("ClusterNotFoundException", "Cluster not found."), true) == Remedy::Repeat);
}

TEST_CASE("a host that is refused for good ends, and everything else is repeated") {
  for (const char* exception : {"ClientException", "InvalidParameterException", "AttributeError"})
    CHECK(remedyFor(failed(exception, "no"), false) == Remedy::End);
  const std::string changed = "re-registration: Container instance type changes are not supported.";
  for (const char* exception : {"ServerException", "AccessDeniedException", "ClientException", ""})
    CHECK(remedyFor(failed(exception, changed), false) == Remedy::End);
  for (const char* exception : {"ServerException", "ThrottlingException", "AccessDeniedException", ""})
    CHECK(remedyFor(failed(exception, "no"), false) == Remedy::Repeat);
}

TEST_CASE("the answer to a registration tells the availability zone") {
  Controller controller;
  const Json mine{{"name", "rack"}, {"value", "7"}};
  const Json zone{{"name", "ecs.availability-zone"}, {"value", "us-east-1b"}};
  const auto answered = [](Json attributes) {
    return Json{
        {"containerInstance", {{"containerInstanceArn", "arn:i"}, {"attributes", std::move(attributes)}}}};
  };
  controller.answers = {{200, answered({mine, zone})}, {200, answered(Json::array({mine}))}};
  Registration registration;
  registration.attributes = {{"rack", "7"}};
  for (const char* wanted : {"us-east-1b", ""}) {
    controller.run([&]() -> Async<void> {
      auto outcome = co_await controller.plane->registerInstance(registration, {});
      REQUIRE(std::holds_alternative<Registered>(outcome));
      CHECK(std::get<Registered>(outcome).instanceArn == "arn:i");
      CHECK(std::get<Registered>(outcome).availabilityZone == wanted);
    });
  }
}

TEST_CASE("an instance's status is changed by its ARN, and one that is not there is told") {
  Controller controller;
  const Json unknown{{"failures", {{{"arn", "arn:i"}, {"reason", "MISSING"}}}}};
  const Json known{{"containerInstances", {{{"containerInstanceArn", "arn:i"}, {"status", "DRAINING"}}}}};
  controller.answers = {{200, known}, {200, unknown}, {200, known}, {200, unknown}};
  controller.run([&]() -> Async<void> {
    auto done = co_await controller.plane->setInstanceStatus("prod", "arn:i", "DRAINING", {});
    CHECK_FALSE(done);
    auto missing = co_await controller.plane->setInstanceStatus("prod", "arn:i", "DRAINING", {});
    REQUIRE(missing);
    CHECK(missing->error.code == Code::NotFound);
    CHECK_THAT(missing->error.message, Catch::Contains("arn:i"));
    CHECK((co_await controller.plane->instanceStatus("prod", "arn:i", {})).value() == "DRAINING");
    CHECK_FALSE(co_await controller.plane->instanceStatus("prod", "arn:i", {}));
  });
  CHECK(controller.bodies.at(0) ==
        Json{{"cluster", "prod"}, {"containerInstances", {"arn:i"}}, {"status", "DRAINING"}});
}

TEST_CASE("a report goes by the session that takes it, and fails there as a request would") {
  Controller controller;
  const auto channel = std::make_shared<ReportChannel>(controller.log);
  std::vector<acs::ReportOutcome> outcomes{{}, {"InvalidParameterException", "not found", 400}};
  std::vector<acs::ReportsMessage> sent;
  channel->open([&](const acs::FromAgent& message) {
    sent.push_back(std::get<acs::ReportsMessage>(message));
    spawn(controller.io.get_executor(), controller.log, "answer", [&]() -> Async<void> {
      channel->onAck({sent.back().messageId, {outcomes.at(sent.size() - 1)}});
      co_return;
    });
  });
  const Json refusal{{"__type", "InvalidParameterException"}, {"message", "not found"}};
  controller.answers = {{400, refusal}};
  Report report;
  report.taskArn = "arn:task";
  report.status = TaskStatus::Running;
  controller.run([&]() -> Async<void> {
    CHECK_FALSE(co_await controller.plane->submit(report, "prod", channel));
    const auto by_session = co_await controller.plane->submit(report, "prod", channel);
    CHECK(controller.bodies.empty());
    const auto by_request = co_await controller.plane->submit(report, "prod");
    REQUIRE((by_session && by_request));
    CHECK(by_session->exception == by_request->exception);
    CHECK(by_session->error.message == by_request->error.message);
    CHECK(by_session->error.code == by_request->error.code);
  });
  REQUIRE(controller.bodies.size() == 1);
  CHECK(*sent.at(1).reports.at(0).input == controller.bodies[0]);
  CHECK(sent[1].reports[0].operation == "SubmitTaskStateChange");
}

TEST_CASE("a report that the session leaves unanswered goes by a request") {
  Controller controller;
  const auto channel = std::make_shared<ReportChannel>(controller.log);
  controller.answers = {{200, Json::object()}, {200, Json::object()}};
  controller.run([&]() -> Async<void> {
    channel->open([&](const acs::FromAgent&) {
      spawn(controller.io.get_executor(), controller.log, "end", [&]() -> Async<void> {
        channel->close();
        co_return;
      });
    });
    CHECK_FALSE(co_await controller.plane->submit(Report(), "prod", channel));
    CHECK(controller.bodies.size() == 1);
    CHECK_FALSE(co_await controller.plane->submit(Report(), "prod", channel));
    CHECK(controller.bodies.size() == 2);
  });
}

}  // namespace berth::agent
