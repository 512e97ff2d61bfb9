#include "agent/endpoints/calls/controller_calls.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "common/aws/json_request.hpp"
#include "common/aws/sigv4_verifier.hpp"
#include "common/http/server.hpp"
#include "common/log/log.hpp"

namespace berth::agent::endpoints {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string kTask = "arn:aws:ecs:eu-west-1:1:task/default/0123";
const aws::Credentials kAgentKey{"AKIDAGENT", "agent/secret", "", {}};

/// Answers with what the test has put in line, the last of it again and again, and keeps what it was sent.
class Controller final : public http::Handler {
 public:
  Async<http::Response> handle(http::ServerRequest request) override {
    requests.push_back(std::move(request));
    http::Response answer = answers.front();
    if (answers.size() > 1) answers.erase(answers.begin());
    co_return answer;
  }
  std::vector<http::Response> answers;
  std::vector<http::ServerRequest> requests;
};

/// A controller on loopback, the calls of it, and the loop they share.
class CallsFixture {
 public:
  explicit CallsFixture(std::vector<http::Response> answers, TagsRetry retry = {1ms, 2ms, 1.5, 10s})
      : retry_(retry) {
    controller.answers = std::move(answers);
    REQUIRE(server_.start().ok());
    config_.endpoint = http::Url{"http", "127.0.0.1", server_.port(), "/", ""};
    config_.scope = aws::Scope{"eu-west-1", "ecs"};
    config_.targetPrefix = "AmazonEC2ContainerServiceV20141113";
    config_.userAgent = "berth-agent/1";
  }

  ProtectionAnswer protect(std::optional<ProtectionUpdate> update = std::nullopt) {
    RoleCredentials role;
    role.accessKeyId = "AKIDROLE";
    role.secretAccessKey = "role/secret";
    role.sessionToken = "role token";
    ProtectionCall call{"default", kTask, std::make_shared<const RoleCredentials>(role), update};
    return answered<ProtectionAnswer>(
        [&](ControllerCalls& calls, auto done) { calls.call(std::move(call), std::move(done)); });
  }
  TagsAnswer tags(const std::string& container = "web") {
    return answered<TagsAnswer>(
        [&](ControllerCalls& calls, auto done) { calls.listTags(kTask, container, std::move(done)); });
  }

  /// Who has signed the request; empty: nobody whose key is known.
  std::string signer(size_t index = 0) const {
    const http::ServerRequest& request = controller.requests.at(index);
    const aws::Credentials role{"AKIDROLE", "role/secret", "role token", {}};
    const aws::Verifier verifier({"ecs", "eu-west-1"}, [&](std::string_view id) {
      return id == role.accessKeyId ? std::optional(role) : std::optional(kAgentKey);
    });
    const auto caller = verifier.verify(
        aws::SignedRequest{request.method, request.target, request.headers, request.body}, clock_.now().wall);
    return std::holds_alternative<aws::Caller>(caller) ? std::get<aws::Caller>(caller).accessKeyId : "";
  }
  std::string operation(size_t index = 0) const {
    const http::ServerRequest& request = controller.requests.at(index);
    json input;
    const auto read = aws::readJsonRequest(request.method, request.headers, request.body, input);
    return std::holds_alternative<aws::JsonRequest>(read) ? std::get<aws::JsonRequest>(read).operation : "";
  }
  json body(size_t index = 0) const { return json::parse(controller.requests.at(index).body); }
  /// Nobody listens there.
  void loseController() { config_.endpoint.port = 1; }

  Controller controller;

 private:
  template <class Answer, class Start>
  Answer answered(Start start) {
    ControllerCalls calls(io_, http_, config_, credentials_, clock_, log_, retry_);
    std::optional<Answer> result;
    start(calls, [&](Answer answer) {
      result.emplace(std::move(answer));
      spawn(io_.get_executor(), log_, "end", [&] { return server_.stop(); });
    });
    io_.run();
    REQUIRE(result);
    return *std::move(result);
  }
  static http::ServerOptions onFreePort() {
    http::ServerOptions options;
    options.listen = "127.0.0.1:0";
    return options;
  }

  boost::asio::io_context io_{1};
  NullLog log_;
  SystemClock clock_;
  http::Server server_{io_, onFreePort(), controller, log_};
  http::Client http_{io_, http::ClientOptions{}};
  aws::StaticCredentials credentials_{kAgentKey};
  aws::ClientConfig config_;
  TagsRetry retry_;
};

http::Response reply(const json& body) { return aws::successResponse(body.dump(), "r-1"); }
http::Response refusal(const char* type, int status = 400) {
  return aws::toResponse({type, "no", status}, "r-7");
}
http::Response protectionReply(const json& expires) {
  json task{{"taskArn", kTask}, {"protectionEnabled", true}};
  if (!expires.is_null()) task["expirationDate"] = expires;
  return reply({{"protectedTasks", {task}}, {"failures", json::array()}});
}

TEST_CASE("Task protection is asked for with the credentials of the task's role") {
  CallsFixture fixture({protectionReply(nullptr)});
  const ProtectionAnswer answer = fixture.protect();
  REQUIRE(std::holds_alternative<ProtectionResult>(answer));
  CHECK(fixture.operation() == "GetTaskProtection");
  CHECK(fixture.signer() == "AKIDROLE");
  CHECK(fixture.controller.requests.at(0).headers.get("X-Amz-Security-Token") == "role token");
  CHECK(fixture.body() == json({{"cluster", "default"}, {"tasks", {kTask}}}));
  const ProtectedTask& task = std::get<ProtectionResult>(answer).tasks.at(0);
  CHECK(task.taskArn == kTask);
  CHECK(task.enabled);
  CHECK_FALSE(task.expires);
}

TEST_CASE("An update of task protection says whether, and for how long if that was said") {
  CallsFixture fixture({protectionReply(nullptr)});
  static_cast<void>(fixture.protect(ProtectionUpdate{true, 90}));
  CHECK(fixture.operation() == "UpdateTaskProtection");
  CHECK(fixture.body() == json({{"cluster", "default"},
                                {"tasks", {kTask}},
                                {"protectionEnabled", true},
                                {"expiresInMinutes", 90}}));
  CallsFixture off({protectionReply(nullptr)});
  static_cast<void>(off.protect(ProtectionUpdate{false, std::nullopt}));
  CHECK(off.body() == json({{"cluster", "default"}, {"tasks", {kTask}}, {"protectionEnabled", false}}));
}

TEST_CASE("The end of a protection comes in seconds since the epoch, with a fraction and of any size") {
  const auto [sent, meant] = GENERATE(values<std::pair<json, std::string>>({
      {1719650000, "2024-06-29T08:33:20.000Z"},
      {1719650000.123, "2024-06-29T08:33:20.123Z"},
      {1.7196500009996E9, "2024-06-29T08:33:21.000Z"},
      {1E300, "9999-12-31T23:59:59.999Z"},
  }));
  INFO(sent);
  CallsFixture fixture({protectionReply(sent)});
  const ProtectionAnswer answer = fixture.protect();
  REQUIRE(std::holds_alternative<ProtectionResult>(answer));
  CHECK(toRfc3339(*std::get<ProtectionResult>(answer).tasks.at(0).expires) == meant);
}

TEST_CASE("A failure of one task is an answer") {
  CallsFixture fixture(
      {reply({{"failures", {{{"arn", kTask}, {"reason", "TASK_NOT_VALID"}, {"detail", "d"}}}}})});
  const ProtectionAnswer answer = fixture.protect();
  REQUIRE(std::holds_alternative<ProtectionResult>(answer));
  const ProtectionFailure& failure = std::get<ProtectionResult>(answer).failures.at(0);
  CHECK(failure.arn == kTask);
  CHECK(failure.reason == "TASK_NOT_VALID");
  CHECK(failure.detail == "d");
}

TEST_CASE("An error of the API keeps its status, name, message and the request's id") {
  CallsFixture fixture({refusal("ResourceNotFoundException", 404)});
  const ProtectionAnswer answer = fixture.protect();
  REQUIRE(std::holds_alternative<ProtectionError>(answer));
  const auto& error = std::get<ProtectionError>(answer);
  CHECK(error.status == 404);
  CHECK(error.code == "ResourceNotFoundException");
  CHECK(error.message == "no");
  CHECK(error.requestId == "r-7");
  CHECK(fixture.controller.requests.size() == 1);
}

TEST_CASE("An answer without an id has none, and one that makes no sense is an error of the server") {
  http::Response page;
  page.status = 503;
  CallsFixture nameless({page});
  const ProtectionAnswer first = nameless.protect();
  REQUIRE(std::holds_alternative<ProtectionError>(first));
  CHECK(std::get<ProtectionError>(first).status == 503);
  CHECK_FALSE(std::get<ProtectionError>(first).requestId);
  for (const char* text : {"<html>", R"({"protectedTasks":7})", R"({"protectedTasks":[{"taskArn":1}]})"}) {
    INFO(text);
    CallsFixture fixture({aws::successResponse(text, "r-1")});
    const ProtectionAnswer answer = fixture.protect();
    REQUIRE(std::holds_alternative<ProtectionError>(answer));
    CHECK(std::get<ProtectionError>(answer).status == 500);
    CHECK(std::get<ProtectionError>(answer).code == "ServerException");
  }
}

TEST_CASE("A controller that can't be reached is an error of the server, and tags then have no code") {
  CallsFixture fixture({reply({})});
  fixture.loseController();
  const ProtectionAnswer answer = fixture.protect();
  REQUIRE(std::holds_alternative<ProtectionError>(answer));
  CHECK(std::get<ProtectionError>(answer).code == "ServerException");
  CallsFixture again({reply({})});
  again.loseController();
  const TagsAnswer tags = again.tags();
  REQUIRE(std::holds_alternative<TagsFailure>(tags));
  CHECK(std::get<TagsFailure>(tags).code.empty());
  CHECK_FALSE(std::get<TagsFailure>(tags).message.empty());
  CHECK(std::get<TagsFailure>(tags).status == 0);
}

TEST_CASE("Tags are asked for with the agent's credentials, saying for which container") {
  CallsFixture fixture({reply({{"tags", {{{"key", "team"}, {"value", "web"}}, {{"key", "empty"}}}}})});
  const TagsAnswer answer = fixture.tags();
  REQUIRE(std::holds_alternative<Tags>(answer));
  CHECK(std::get<Tags>(answer) == Tags{{"team", "web"}, {"empty", ""}});
  CHECK(fixture.operation() == "ListTagsForResource");
  CHECK(fixture.signer() == "AKIDAGENT");
  CHECK(fixture.body() == json({{"resourceArn", kTask}}));
  CHECK(fixture.controller.requests.at(0).headers.get("User-Agent") == "berth-agent/1 container/web");
  CallsFixture nobody({reply({{"tags", json::array()}})});
  CHECK(std::get<Tags>(nobody.tags("")).empty());
  CHECK(nobody.controller.requests.at(0).headers.get("User-Agent") == "berth-agent/1");
}

TEST_CASE("Tags are asked for again while the controller throttles, and no other error is") {
  const json none{{"tags", json::array()}};
  CallsFixture fixture({refusal("ThrottlingException"), refusal("ThrottlingException", 429), reply(none)});
  CHECK(std::holds_alternative<Tags>(fixture.tags()));
  CHECK(fixture.controller.requests.size() == 3);
  CallsFixture refused({refusal("AccessDeniedException"), reply(none)});
  const TagsAnswer answer = refused.tags();
  REQUIRE(std::holds_alternative<TagsFailure>(answer));
  const auto& failure = std::get<TagsFailure>(answer);
  CHECK(failure.code == "AccessDeniedException");
  CHECK(failure.message == "no");
  CHECK(failure.status == 400);
  CHECK(failure.requestId == "r-7");
  CHECK(refused.controller.requests.size() == 1);
}

TEST_CASE("A controller that goes on throttling is given up when the time is over") {
  CallsFixture fixture({refusal("ThrottlingException")}, {1ms, 2ms, 1.5, 20ms});
  const TagsAnswer answer = fixture.tags();
  REQUIRE(std::holds_alternative<TagsFailure>(answer));
  CHECK(std::get<TagsFailure>(answer).code == "ThrottlingException");
  CHECK(fixture.controller.requests.size() > 1);
}

}  // namespace
}  // namespace berth::agent::endpoints
