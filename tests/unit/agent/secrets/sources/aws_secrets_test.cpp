#include "agent/secrets/sources/aws_secrets.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/agent/secrets/sources/support.hpp"

namespace berth::agent::test {
namespace {

using nlohmann::json;

const std::string kSecretArn = "arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf";

/// SSM and the Secrets Manager: each parameter's value is "v:" and its name, each secret has three members.
Async<http::Response> answerAll(http::ServerRequest request) {
  const std::string target(request.headers.get("X-Amz-Target").value_or(""));
  const json body = json::parse(request.body);
  if (target == "secretsmanager.GetSecretValue")
    co_return jsonAnswer(json{{"SecretString", R"({"user":"admin","pw":"s3cret","port":5432})"}}.dump());
  json parameters = json::array();
  for (const std::string name : body.at("Names"))
    parameters.push_back({{"Name", name}, {"Value", "v:" + name}});
  co_return jsonAnswer(json{{"Parameters", parameters}, {"InvalidParameters", json::array()}}.dump());
}

}  // namespace

TEST_CASE("secrets come in the order of the requests, by few signed calls of the execution role") {
  Stage stage;
  stage.service.respond = answerAll;
  AwsSecrets source(stage.api());
  std::vector<SecretRequest> requests{asmSecret(kSecretArn + ":pw::"), ssm("/a"),
                                      asmSecret(kSecretArn + ":port::"), asmSecret(kSecretArn)};
  for (int i = 0; i < 11; ++i) requests.push_back(ssm("/p" + std::to_string(i)));
  requests.push_back(ssm("/a"));
  const auto values = stage.secrets(source, requests);
  REQUIRE(values.ok());
  REQUIRE(values->size() == requests.size());
  CHECK(values->at(0) == "s3cret");
  CHECK(values->at(1) == "v:/a");
  CHECK(values->at(2) == "5432");
  CHECK(values->at(3) == R"({"user":"admin","pw":"s3cret","port":5432})");
  CHECK(values->at(14) == "v:/p10");
  CHECK(values->at(15) == "v:/a");

  REQUIRE(stage.service.requests.size() == 3);
  for (const http::ServerRequest& request : stage.service.requests) {
    const bool parameters = request.headers.get("X-Amz-Target") == "AmazonSSM.GetParameters";
    CHECK(signedBy(request, kRoleKey, parameters ? "ssm" : "secretsmanager") == "AKIDROLE");
    CHECK(request.headers.get("User-Agent") == "berth-test/1");
    if (parameters) CHECK(json::parse(request.body).at("WithDecryption") == true);
  }
  CHECK(json::parse(stage.service.requests[0].body).at("Names").size() == 10);
  CHECK(json::parse(stage.service.requests[2].body) == json{{"SecretId", kSecretArn}});
  CHECK(stage.log.lines().empty());
}

TEST_CASE("a version of a secret is asked for by stage and id") {
  Stage stage;
  stage.service.respond = answerAll;
  AwsSecrets source(stage.api());
  REQUIRE(stage.secrets(source, {asmSecret(kSecretArn + "::AWSPREVIOUS:id-1")}).ok());
  CHECK(json::parse(stage.service.requests[0].body) ==
        json{{"SecretId", kSecretArn}, {"VersionStage", "AWSPREVIOUS"}, {"VersionId", "id-1"}});
}

TEST_CASE("a parameter asked for by ARN or version is found in an answer that names it otherwise") {
  Stage stage;
  const std::string arn = "arn:aws:ssm:us-east-1:1:parameter/a";
  const json answer = {{"Parameters",
                        {{{"Name", "/a"}, {"ARN", arn}, {"Value", "by arn"}},
                         {{"Name", "b"}, {"Selector", ":3"}, {"Value", "by version"}}}}};
  stage.service.answers = {jsonAnswer(answer.dump())};
  AwsSecrets source(stage.api());
  const auto values = stage.secrets(source, {ssm(arn), ssm("b:3")});
  REQUIRE(values.ok());
  CHECK(*values == std::vector<std::string>{"by arn", "by version"});
}

TEST_CASE("without an execution role nothing is sent, and nothing is needed for nothing") {
  Stage stage;
  AwsSecrets source(stage.api());
  const auto none = stage.secrets(source, {ssm("/a")}, std::nullopt);
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().code == Code::FailedPrecondition);
  CHECK(none.error().message == "Unable to find execution role credentials");
  CHECK(stage.secrets(source, {}, std::nullopt)->empty());
  CHECK(stage.service.requests.empty());
}

TEST_CASE("what is not there, or not allowed, fails at once with the reason that users of ECS know") {
  Stage stage;
  AwsSecrets source(stage.api());
  stage.service.answers = {
      jsonAnswer(R"({"Parameters":[{"Name":"/a","Value":"sesame"}],"InvalidParameters":["/b"]})")};
  const auto missing = stage.secrets(source, {ssm("/a"), ssm("/b")});
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == Code::NotFound);
  CHECK(missing.error().message ==
        "Fetching secret data from SSM Parameter Store in us-east-1: invalid parameters: /b");

  stage.service.answers = {
      aws::toResponse({"AccessDeniedException", "not authorized to perform: ssm:GetParameters"}, "id")};
  const auto denied = stage.secrets(source, {ssm("/a")});
  REQUIRE_FALSE(denied.ok());
  CHECK(denied.error().code == Code::PermissionDenied);
  CHECK_FALSE(denied.error().retryable);
  CHECK_THAT(denied.error().message,
             Catch::Contains("Store in us-east-1: GetParameters: AccessDeniedException: "));

  stage.service.answers = {
      aws::toResponse({"ResourceNotFoundException", "Secrets Manager can't find it"}, "id")};
  const auto unknown = stage.secrets(source, {asmSecret(kSecretArn + ":pw::")});
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == Code::NotFound);
  CHECK(unknown.error().message == "Trying to retrieve secret with value " + kSecretArn +
                                       ":pw:: resulted in error: GetSecretValue: ResourceNotFoundException: "
                                       "Secrets Manager can't find it");
  CHECK(stage.service.requests.size() == 3);
}

TEST_CASE("a member that a secret does not have fails without a word of the secret") {
  Stage stage;
  AwsSecrets source(stage.api());
  const auto failure = [&](const std::string& secret, const std::string& key) {
    stage.service.answers = {jsonAnswer(json{{"SecretString", secret}}.dump())};
    const auto values = stage.secrets(source, {asmSecret(kSecretArn + ":" + key + "::")});
    REQUIRE_FALSE(values.ok());
    CHECK_THAT(values.error().message, !Catch::Contains("sesame"));
    return values.error().message;
  };
  CHECK_THAT(failure(R"({"pw":"sesame"})", "PW"),
             Catch::EndsWith("retrieved secret did not contain json key PW"));
  CHECK_THAT(failure("sesame", "pw"), Catch::Contains("no JSON object"));
  CHECK_THAT(failure(R"(["sesame"])", "pw"), Catch::Contains("no JSON object"));
  CHECK_THAT(failure(R"({"pw":null,"x":"sesame"})", "pw"), Catch::Contains("did not contain"));
  CHECK_THAT(failure(R"({"pw":"sesame\u0000"})", "pw"), Catch::Contains("NUL"));
  stage.service.answers = {jsonAnswer(R"({"SecretBinary":"c2VzYW1l"})")};
  const auto binary = stage.secrets(source, {asmSecret(kSecretArn)});
  REQUIRE_FALSE(binary.ok());
  CHECK_THAT(binary.error().message, Catch::Contains("binary: store it as text"));
}

TEST_CASE("throttles and failures of the service are tried again") {
  Stage stage;
  AwsSecrets source(stage.api());
  stage.service.respond = answerAll;
  stage.service.answers = {aws::toResponse({"ThrottlingException", "Rate exceeded"}, "id"), statusAnswer(503),
                           statusAnswer(500, "<html>")};
  const auto values = stage.secrets(source, {ssm("/a")});
  REQUIRE(values.ok());
  CHECK(stage.service.requests.size() == 4);
}

TEST_CASE("a service that stays throttled is left in peace, and the error says that later may help") {
  Stage stage;
  AwsSecrets source(stage.api());
  stage.service.respond = [](http::ServerRequest) -> Async<http::Response> {
    co_return aws::toResponse({"ThrottlingException", "Rate exceeded"}, "id");
  };
  const auto values = stage.secrets(source, {ssm("/a")});
  REQUIRE_FALSE(values.ok());
  CHECK(values.error().code == Code::ResourceExhausted);
  CHECK(values.error().retryable);
  CHECK(stage.service.requests.size() == 4);
}

TEST_CASE("garbage is no secret and is not asked for again") {
  Stage stage;
  AwsSecrets source(stage.api());
  for (const char* garbage : {"", "sesame", "[]", "{}", "null", R"({"Parameters":"sesame"})",
                              R"({"Parameters":[1,null,{"Name":1,"Value":2}],"x":"sesame"})"}) {
    CAPTURE(garbage);
    stage.service.requests.clear();
    stage.service.answers = {jsonAnswer(garbage)};
    const auto values = stage.secrets(source, {ssm("/a")});
    REQUIRE_FALSE(values.ok());
    CHECK_THAT(values.error().message, !Catch::Contains("sesame"));
    CHECK(stage.service.requests.size() == 1);
  }
  stage.service.answers = {jsonAnswer(R"({"SecretString":{"a":"sesame"}})")};
  CHECK_FALSE(stage.secrets(source, {asmSecret(kSecretArn)}).ok());
}

TEST_CASE("an answer that breaks off is tried again") {
  Stage stage;
  using Tcp = boost::asio::ip::tcp;
  Tcp::acceptor acceptor(stage.io, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  int connections = 0;
  spawn(stage.io.get_executor(), stage.log, "broken service", [&]() -> Async<void> {
    for (;;) {
      Tcp::socket socket = co_await acceptor.async_accept(boost::asio::use_awaitable);
      std::string in;
      co_await boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(in), "\r\n\r\n",
                                             boost::asio::use_awaitable);
      const std::string out =
          "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"Parameters\":[{\"Value\":\"ses";
      co_await boost::asio::async_write(socket, boost::asio::buffer(out), boost::asio::use_awaitable);
      ++connections;
    }
  });
  AwsOptions options = stage.options();
  options.ssmEndpoint = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  AwsSecrets source(std::make_shared<AwsApi>(stage.means(), options));
  const auto values = stage.secrets(source, {ssm("/a")});
  REQUIRE_FALSE(values.ok());
  CHECK(values.error().code == Code::Unavailable);
  CHECK(values.error().retryable);
  CHECK(connections == 4);
}

TEST_CASE("a slow answer costs its time limit, and all of a fetch its own") {
  Stage stage;
  Event never;
  stage.service.respond = [&](http::ServerRequest) -> Async<http::Response> {
    stage.clock.at.mono += 40s;
    co_await never.wait();
    co_return jsonAnswer("{}");
  };
  AwsOptions options = stage.options();
  options.timeout = 30ms;
  AwsSecrets source(std::make_shared<AwsApi>(stage.means(), options));
  const auto values = stage.secrets(source, {ssm("/a")});
  REQUIRE_FALSE(values.ok());
  CHECK(values.error().code == Code::DeadlineExceeded);
  CHECK(values.error().retryable);
  CHECK(stage.service.requests.size() == 2);
}

TEST_CASE("the same request under way is one call, but never by another's credentials") {
  Stage stage;
  Event together;
  int waiting = 0;
  stage.service.respond = [&](http::ServerRequest request) -> Async<http::Response> {
    if (++waiting == 2) together.set();
    co_await together.wait();
    co_return co_await answerAll(std::move(request));
  };
  AwsSecrets source(stage.api());
  Role other = kRole;
  other.sessionToken = "another";
  int answered = 0;
  Event all;
  stage.run([&]() -> Async<void> {
    for (const Role& role : {kRole, kRole, kRole, other}) {
      source.fetch({ssm("/a")}, role, [&](Result<std::vector<std::string>> values) {
        CHECK((values.ok() && values->at(0) == "v:/a"));
        if (++answered == 4) all.set();
      });
      CHECK(answered == 0);
    }
    co_await all.wait();
  });
  CHECK(stage.service.requests.size() == 2);
  REQUIRE(stage.secrets(source, {ssm("/a")}).ok());
  CHECK(stage.service.requests.size() == 3);
}

TEST_CASE("a source that is gone calls nobody back") {
  Stage stage;
  Event asked;
  Event answer;
  stage.service.respond = [&](http::ServerRequest request) -> Async<http::Response> {
    asked.set();
    co_await answer.wait();
    co_return co_await answerAll(std::move(request));
  };
  bool called = false;
  const auto api = stage.api();
  auto source = std::make_unique<AwsSecrets>(api);
  stage.run([&]() -> Async<void> {
    source->fetch({ssm("/a")}, kRole, [&](auto) { called = true; });
    co_await asked.wait();
    source.reset();
    api->stop();
    answer.set();
    AwsSecrets later(api);
    const auto values = co_await loopAwait<std::vector<std::string>>(
        [&](auto done) { later.fetch({ssm("/b")}, kRole, std::move(done)); });
    CHECK_FALSE(values.ok());
  });
  CHECK_FALSE(called);
}

TEST_CASE("endpoints are those of the region's partition") {
  CHECK(awsEndpoint("ssm", "us-east-1")->origin() == "https://ssm.us-east-1.amazonaws.com");
  CHECK(awsEndpoint("api.ecr", "cn-north-1")->origin() == "https://api.ecr.cn-north-1.amazonaws.com.cn");
  CHECK(awsEndpoint("s3", "us-gov-west-1")->origin() == "https://s3.us-gov-west-1.amazonaws.com");
  CHECK(awsEndpoint("s3", "us-isob-east-1")->origin() == "https://s3.us-isob-east-1.sc2s.sgov.gov");
  CHECK(awsEndpoint("s3", "us-iso-east-1")->origin() == "https://s3.us-iso-east-1.c2s.ic.gov");
  CHECK_FALSE(awsEndpoint("s3", "evil.example/").ok());
  CHECK_FALSE(awsEndpoint("s3", "").ok());
}

}  // namespace berth::agent::test
