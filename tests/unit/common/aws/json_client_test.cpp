#include "common/aws/json_client.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "common/aws/json_request.hpp"
#include "common/aws/sigv4_verifier.hpp"
#include "common/http/server.hpp"
#include "common/log/log.hpp"

using namespace berth;
using namespace berth::aws;

namespace {

const WallTime kNow = *parseAmzDate("20240629T083320Z");
const Credentials kSessionKey{"AKIDEXAMPLE", "secret/key", "session-token", {}};

class FixedClock final : public Clock {
 public:
  Now now() const override { return {MonoTime{}, kNow}; }
};

class NoCredentials final : public CredentialsProvider {
 public:
  Async<Result<Credentials>> credentials(std::stop_token) override {
    co_return makeError(Code::Unavailable, "no metadata service");
  }
};

/// A service that answers every call alike and keeps what it was sent.
class Service final : public http::Handler {
 public:
  Async<http::Response> handle(http::ServerRequest request) override {
    requests.push_back(std::move(request));
    co_return answer;
  }
  http::Response answer;
  std::vector<http::ServerRequest> requests;
};

/// A server, a client of it, and the loop they share.
struct ClientFixture {
  ClientFixture() {
    REQUIRE(server.start().ok());
    config.endpoint = http::Url{"http", "127.0.0.1", server.port(), "/", ""};
    config.scope = Scope{"us-east-1", "ecs"};
    config.targetPrefix = "Prefix";
    config.userAgent = "berth-test/1";
  }

  CallResult call(CredentialsProvider& credentials, std::stop_token stop = {}) {
    JsonClient client(http, config, credentials, clock);
    std::optional<CallResult> result;
    spawn(io.get_executor(), log, "test", [&]() -> Async<void> {
      result.emplace(co_await client.call("ListClusters", R"({"maxResults":1})", stop));
      co_await server.stop();
    });
    io.run();
    REQUIRE(result.has_value());
    return *std::move(result);
  }

  CallResult answered(http::Response answer) {
    service.answer = std::move(answer);
    StaticCredentials credentials(kSessionKey);
    return call(credentials);
  }

  static http::ServerOptions onFreePort() {
    http::ServerOptions options;
    options.listen = "127.0.0.1:0";
    return options;
  }

  boost::asio::io_context io{1};
  NullLog log;
  FixedClock clock;
  Service service;
  http::Server server{io, onFreePort(), service, log};
  http::Client http{io, http::ClientOptions{}};
  ClientConfig config;
};

}  // namespace

TEST_CASE("a call reaches the service as a signed AWS JSON request, and its reply comes back") {
  ClientFixture fixture;
  const CallResult result = fixture.answered(successResponse(R"({"clusterArns":[]})", "id"));
  REQUIRE(result.reply.ok());
  CHECK(*result.reply == R"({"clusterArns":[]})");
  CHECK_FALSE(result.api);

  REQUIRE(fixture.service.requests.size() == 1);
  const http::ServerRequest& request = fixture.service.requests.front();
  CHECK(request.headers.get("User-Agent") == "berth-test/1");
  CHECK(request.headers.get("Content-Type") == "application/x-amz-json-1.1");
  nlohmann::json input;
  const ApiResult<JsonRequest> read = readJsonRequest(request.method, request.headers, request.body, input);
  REQUIRE(std::holds_alternative<JsonRequest>(read));
  CHECK(std::get<JsonRequest>(read).targetPrefix == "Prefix");
  CHECK(std::get<JsonRequest>(read).operation == "ListClusters");
  CHECK(request.body == R"({"maxResults":1})");

  const Verifier verifier({"ecs", "us-east-1"}, [](std::string_view) { return std::optional(kSessionKey); });
  const ApiResult<Caller> caller =
      verifier.verify(SignedRequest{request.method, request.target, request.headers, request.body}, kNow);
  REQUIRE(std::holds_alternative<Caller>(caller));
  CHECK(std::get<Caller>(caller).accessKeyId == "AKIDEXAMPLE");
}

TEST_CASE("an empty reply reads as an empty object") {
  ClientFixture fixture;
  const CallResult result = fixture.answered(http::Response{});
  REQUIRE(result.reply.ok());
  CHECK(*result.reply == "{}");
}

TEST_CASE("an error of the service comes back with its name, and whether a retry can help") {
  {
    ClientFixture fixture;
    ApiError error{"ClusterNotFoundException", "Cluster not found.", 400};
    const CallResult result = fixture.answered(toResponse(error, "id"));
    error.requestId = "id";
    CHECK(result.api == error);
    REQUIRE_FALSE(result.reply.ok());
    CHECK(result.reply.error().code == Code::NotFound);
    CHECK_FALSE(result.reply.error().retryable);
    CHECK(result.reply.error().message == "ListClusters: ClusterNotFoundException: Cluster not found.");
  }
  {
    ClientFixture fixture;
    const CallResult result =
        fixture.answered(toResponse({"ThrottlingException", "Rate exceeded", 400}, "id"));
    CHECK(result.reply.error().retryable);
  }
  {
    ClientFixture fixture;
    http::Response page;
    page.status = 503;
    page.body = "<html>";
    const CallResult result = fixture.answered(page);
    REQUIRE(result.api);
    CHECK(result.api->type == "UnknownError");
    CHECK(result.reply.error().code == Code::Unavailable);
    CHECK(result.reply.error().retryable);
  }
}

TEST_CASE("without credentials nothing is sent") {
  ClientFixture fixture;
  NoCredentials none;
  const CallResult result = fixture.call(none);
  CHECK_FALSE(result.api);
  REQUIRE_FALSE(result.reply.ok());
  CHECK(result.reply.error().message == "ListClusters: credentials: no metadata service");
  CHECK(result.reply.error().retryable);
  CHECK(fixture.service.requests.empty());
}

TEST_CASE("a service that can't be reached, and a call that is stopped, are errors without an answer") {
  {
    ClientFixture fixture;
    StaticCredentials credentials(kSessionKey);
    fixture.config.endpoint.port = 1;
    const CallResult result = fixture.call(credentials);
    CHECK_FALSE(result.api);
    CHECK(result.reply.error().code == Code::Unavailable);
    CHECK(result.reply.error().retryable);
    CHECK(result.reply.error().message.starts_with("ListClusters: "));
  }
  {
    ClientFixture fixture;
    StaticCredentials credentials(kSessionKey);
    std::stop_source stop;
    stop.request_stop();
    const CallResult result = fixture.call(credentials, stop.get_token());
    CHECK_FALSE(result.api);
    CHECK(result.reply.error().code == Code::Cancelled);
    CHECK_FALSE(result.reply.error().retryable);
  }
}
