#include "agent/secrets/value_from.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace berth;
using namespace berth::agent;

namespace {

const std::string kSecretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf";

}  // namespace

TEST_CASE("a parameter is named by its name, with or without version, or by its ARN, which has a region") {
  CHECK(*parseParameterRef("/prod/db/password") == ParameterRef{"/prod/db/password", ""});
  CHECK(*parseParameterRef("password:3") == ParameterRef{"password:3", ""});
  const std::string arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/prod/db";
  CHECK(*parseParameterRef(arn) == ParameterRef{arn, "eu-west-1"});
}

TEST_CASE("what is no parameter is refused with its text and the right form") {
  for (std::string bad :
       {"arn:aws:ssm:eu-west-1:123456789012:document/x", "arn:aws:ssm::123456789012:parameter/x",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/", "arn:aws:ssm", "arn:", kSecretArn.c_str()}) {
    CAPTURE(bad);
    const Result<ParameterRef> ref = parseParameterRef(bad);
    REQUIRE_FALSE(ref.ok());
    CHECK(ref.error().code == Code::InvalidArgument);
    CHECK_THAT(ref.error().message, Catch::Contains(bad));
  }
  CHECK_FALSE(parseParameterRef("").ok());
}

TEST_CASE("a secret's ARN may say which member and which version is meant") {
  SecretRef whole;
  whole.secretId = kSecretArn;
  whole.region = "us-east-1";
  CHECK(*parseSecretRef(kSecretArn) == whole);
  CHECK(*parseSecretRef(kSecretArn + ":::") == whole);

  SecretRef part = whole;
  part.jsonKey = "password";
  CHECK(*parseSecretRef(kSecretArn + ":password::") == part);
  part.versionStage = "AWSPREVIOUS";
  CHECK(*parseSecretRef(kSecretArn + ":password:AWSPREVIOUS:") == part);
  part.versionStage.clear();
  part.versionId = "9d4cb84b-ad69-40c0-a0ab-cead36b967e8";
  CHECK(*parseSecretRef(kSecretArn + ":password::" + part.versionId) == part);

  SecretRef named;
  named.secretId = "db";
  CHECK(*parseSecretRef("db") == named);
}

TEST_CASE("what is no secret is refused, also an ARN with some of its three last parts") {
  for (std::string bad :
       {kSecretArn + ":password", kSecretArn + ":password:", kSecretArn + ":a:b:c:d",
        std::string("arn:aws:secretsmanager:us-east-1:1:secret"),
        std::string("arn:aws:secretsmanager::1:secret:x"),
        std::string("arn:aws:secretsmanager:us-east-1:1:secret:"), std::string("arn:aws:ssm:r:1:parameter/x"),
        std::string("arn:aws:secretsmanager:us-east-1:1:other:x")}) {
    CAPTURE(bad);
    const Result<SecretRef> ref = parseSecretRef(bad);
    REQUIRE_FALSE(ref.ok());
    CHECK_THAT(ref.error().message,
               Catch::Contains(bad) && Catch::Contains(":JSON-KEY:VERSION-STAGE:VERSION-ID"));
  }
  CHECK_FALSE(parseSecretRef("").ok());
  const Result<SecretRef> endless = parseSecretRef("arn:" + std::string(100'000, ':'));
  REQUIRE_FALSE(endless.ok());
  CHECK(endless.error().message.size() < 1000);
}

TEST_CASE("an S3 object's ARN is bucket and key, and the key may hold anything") {
  CHECK(*parseObjectRef("arn:aws:s3:::my-bucket/app/prod.env") ==
        ObjectRef{"my-bucket", "app/prod.env", "aws"});
  CHECK(*parseObjectRef("arn:aws-cn:s3:::b.c.d/a:b/../c d") == ObjectRef{"b.c.d", "a:b/../c d", "aws-cn"});
  for (std::string bad :
       {"s3://bucket/key", "arn:aws:s3:::bucket", "arn:aws:s3:::bucket/", "arn:aws:s3:::/key",
        "arn:aws:s3:us-east-1:1:accesspoint/a/object/k", "arn:aws:ec2:::bucket/key", "arn:aws:s3:::a@b.c/key",
        "arn:aws:s3:::..x/key", "arn:aws:s3:::bucket/\xff", ""}) {
    CAPTURE(bad);
    const Result<ObjectRef> ref = parseObjectRef(bad);
    REQUIRE_FALSE(ref.ok());
    CHECK(ref.error().code == Code::InvalidArgument);
  }
}

TEST_CASE("a region's name can't lead to another host") {
  for (const char* good : {"us-east-1", "local", "eu-isoe-west-1"}) CHECK(isRegionName(good));
  for (const char* bad : {"", "us-east-1.evil.example", "evil.example/", "a@b", "US", "a b", "a:1"}) {
    CAPTURE(bad);
    CHECK_FALSE(isRegionName(bad));
  }
  CHECK_FALSE(isRegionName(std::string(41, 'a')));
}

TEST_CASE("plain text is UTF-8 without NUL") {
  for (std::string good :
       {"", "a\n\t", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF", "\x7f"}) {
    CAPTURE(good);
    CHECK(isPlainText(good));
  }
  for (std::string bad :
       {std::string("a\0b", 3), std::string("\x80"), std::string("\xC0\x80"), std::string("\xC3"),
        std::string("\xE0\x80\x80"), std::string("\xED\xA0\x80"), std::string("\xF0\x80\x80\x80"),
        std::string("\xF4\x90\x80\x80"), std::string("\xF5\x80\x80\x80"), std::string("\xE2\x82"),
        std::string("a\xE2\x28\xA1")}) {
    CAPTURE(bad);
    CHECK_FALSE(isPlainText(bad));
  }
}
