#include "agent/secrets/sources/aws_secrets.hpp"
#include "tests/unit/agent/secrets/sources/support.hpp"

namespace berth::agent::test {
namespace {

struct Files {
  explicit Files(Stage& on, size_t most = 1 << 20) : stage(on) {
    AwsOptions options = on.options();
    options.maxFile = most;
    source = std::make_unique<AwsEnvironmentFiles>(std::make_shared<AwsApi>(on.means(), options));
  }
  Result<std::string> get(const std::string& arn, std::optional<Role> role = kRole) {
    return stage.ask<std::string>([&](auto done) { source->fetch(arn, role, std::move(done)); });
  }

  Stage& stage;
  std::unique_ptr<AwsEnvironmentFiles> source;
};

http::Response s3Error(int status, const std::string& code, const std::string& message) {
  return statusAnswer(status, "<?xml version=\"1.0\"?>\n<Error><Code>" + code + "</Code><Message>" + message +
                                  "</Message></Error>");
}

}  // namespace

TEST_CASE("an environment file is got by a signed request of the execution role") {
  Stage stage;
  Files files(stage);
  stage.service.answers = {statusAnswer(200, "A=1\nB=2\n")};
  const auto text = files.get("arn:aws:s3:::my-bucket/app/prod.env");
  REQUIRE(text.ok());
  CHECK(*text == "A=1\nB=2\n");
  REQUIRE(stage.service.requests.size() == 1);
  const http::ServerRequest& request = stage.service.requests[0];
  CHECK(request.method == "GET");
  CHECK(request.target == "/my-bucket/app/prod.env");
  CHECK(request.headers.get("X-Amz-Content-Sha256"));
  CHECK(signedBy(request, kRoleKey, "s3") == "AKIDROLE");
}

TEST_CASE("a key with special characters is sent encoded, and an object of nothing is a file of nothing") {
  Stage stage;
  Files files(stage);
  stage.service.answers = {statusAnswer(200)};
  const auto text = files.get("arn:aws:s3:::b-1/a b/../ä+?.env");
  REQUIRE(text.ok());
  CHECK(text->empty());
  CHECK(stage.service.requests[0].target == "/b-1/a%20b/../%C3%A4%2B%3F.env");
}

TEST_CASE("an object is at its bucket's host, or in the path where a host name can't have the bucket") {
  const auto where = [](const std::string& bucket, std::string_view region, std::string_view endpoint) {
    const auto url = objectUrl({bucket, "a b/c", "aws"}, region, endpoint);
    REQUIRE(url.ok());
    return url->origin() + url->target();
  };
  CHECK(where("my-bucket", "eu-west-1", "") == "https://my-bucket.s3.eu-west-1.amazonaws.com/a%20b/c");
  CHECK(where("my.bucket", "eu-west-1", "") == "https://s3.eu-west-1.amazonaws.com/my.bucket/a%20b/c");
  CHECK(where("OLD_bucket", "eu-west-1", "") == "https://s3.eu-west-1.amazonaws.com/OLD_bucket/a%20b/c");
  CHECK(where("my-bucket", "x", "http://127.0.0.1:9000/s3/") == "http://127.0.0.1:9000/s3/my-bucket/a%20b/c");
  CHECK_FALSE(objectUrl({"b", "k", "aws"}, "evil.example/", "").ok());
  CHECK_FALSE(objectUrl({"b", "k", "aws"}, "x", "no url").ok());
}

TEST_CASE("a bucket in another region is asked there") {
  for (int status : {301, 307, 400}) {
    Stage stage;
    Files files(stage);
    http::Response elsewhere = s3Error(status, "AuthorizationHeaderMalformed", "wrong region");
    elsewhere.headers.add("x-amz-bucket-region", "eu-west-1");
    stage.service.answers = {elsewhere, statusAnswer(200, "A=1")};
    const auto text = files.get("arn:aws:s3:::bucket/key");
    REQUIRE(text.ok());
    REQUIRE(stage.service.requests.size() == 2);
    CHECK(signedBy(stage.service.requests[1], kRoleKey, "s3", "eu-west-1") == "AKIDROLE");
  }
}

TEST_CASE("a bucket that is always elsewhere, or nowhere, is not followed for ever") {
  Stage stage;
  Files files(stage);
  http::Response first = s3Error(301, "PermanentRedirect", "go there");
  first.headers.add("x-amz-bucket-region", "eu-west-1");
  http::Response second = s3Error(301, "PermanentRedirect", "go there");
  second.headers.add("x-amz-bucket-region", "eu-west-2");
  stage.service.answers = {first, second};
  const auto text = files.get("arn:aws:s3:::bucket/key");
  REQUIRE_FALSE(text.ok());
  CHECK(stage.service.requests.size() == 2);

  http::Response evil = s3Error(301, "PermanentRedirect", "go there");
  evil.headers.add("x-amz-bucket-region", "evil.example/");
  stage.service.answers = {evil};
  CHECK_FALSE(files.get("arn:aws:s3:::bucket/key").ok());
  CHECK(stage.service.requests.size() == 3);
}

TEST_CASE("errors of S3 become the reason that users of ECS know") {
  Stage stage;
  Files files(stage);
  stage.service.answers = {s3Error(404, "NoSuchKey", "The specified key does not exist.")};
  const auto missing = files.get("arn:aws:s3:::bucket/a.env");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == Code::NotFound);
  CHECK(missing.error().message ==
        "Unable to download env file with key a.env from bucket bucket, error: NoSuchKey: The specified key "
        "does "
        "not exist.");

  stage.service.answers = {s3Error(403, "AccessDenied", "Access Denied")};
  const auto denied = files.get("arn:aws:s3:::bucket/a.env");
  REQUIRE_FALSE(denied.ok());
  CHECK(denied.error().code == Code::PermissionDenied);
  CHECK_FALSE(denied.error().retryable);

  stage.service.answers = {statusAnswer(418, "<Error><Code>unclosed")};
  const auto odd = files.get("arn:aws:s3:::bucket/a.env");
  REQUIRE_FALSE(odd.ok());
  CHECK_THAT(odd.error().message, Catch::Contains("HTTP status 418"));

  const auto noArn = files.get("s3://bucket/a.env");
  REQUIRE_FALSE(noArn.ok());
  CHECK(noArn.error().code == Code::InvalidArgument);
  CHECK_THAT(noArn.error().message, Catch::StartsWith("Unable to download env file: "));
  const auto noRole = files.get("arn:aws:s3:::bucket/a.env", std::nullopt);
  REQUIRE_FALSE(noRole.ok());
  CHECK(noRole.error().message == "Unable to find execution role credentials");
}

TEST_CASE("a busy S3 is asked again") {
  Stage stage;
  Files files(stage);
  stage.service.answers = {s3Error(503, "SlowDown", "Please reduce your request rate."), statusAnswer(500),
                           statusAnswer(200, "A=1")};
  CHECK(files.get("arn:aws:s3:::bucket/a.env").ok());
  CHECK(stage.service.requests.size() == 3);
}

TEST_CASE("a file beyond the limit is refused, and one at the limit is not") {
  Stage stage;
  Files files(stage, 100);
  stage.service.answers = {statusAnswer(200, std::string(100, 'x'))};
  CHECK(files.get("arn:aws:s3:::bucket/a.env").ok());
  stage.service.answers = {statusAnswer(200, std::string(101, 'x'))};
  const auto text = files.get("arn:aws:s3:::bucket/a.env");
  REQUIRE_FALSE(text.ok());
  CHECK(text.error().code == Code::ResourceExhausted);
  CHECK_FALSE(text.error().retryable);
  CHECK(stage.service.requests.size() == 2);
}

}  // namespace berth::agent::test
