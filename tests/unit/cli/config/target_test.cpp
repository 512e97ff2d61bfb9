#include "cli/config/target.hpp"

#include <catch2/catch.hpp>

#include "cli/config/ini.hpp"

using namespace berth;
using namespace berth::cli;

namespace {

constexpr const char* kCredentials = R"([default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = default-secret

[dev]
aws_access_key_id = AKIADEV
aws_secret_access_key = dev-secret   # a comment
aws_session_token = token

[half]
aws_access_key_id = AKIAHALF
)";

constexpr const char* kConfig = R"([default]
region = eu-west-1

[profile dev]
region = eu-north-1
services = mine
endpoint_url = http://of-profile:1
ca_bundle = /etc/ca.pem

[profile plain]
aws_access_key_id = AKIAPLAIN
aws_secret_access_key = plain-secret
endpoint_url = http://of-plain:1

[profile role]
role_arn = arn:aws:iam::1:role/x
source_profile = dev

[services mine]
s3 =
  endpoint_url = http://of-s3:1
ecs =
  endpoint_url = http://of-services:1
)";

constexpr const char* kHostKey =
    "[default]\naws_access_key_id = AKIAHOST\naws_secret_access_key = host-secret\n";

Sources sources(std::map<std::string, std::string> environment = {}, bool host = false) {
  Sources out;
  out.environment = std::move(environment);
  out.credentials = {"/home/.aws/credentials", kCredentials};
  out.config = {"/home/.aws/config", kConfig};
  out.hostKey = {kHostKeyFile, host ? std::optional<std::string>(kHostKey) : std::nullopt};
  return out;
}

Target resolved(const Choice& choice, const Sources& given) {
  auto target = resolveTarget(choice, given);
  INFO((target ? std::string() : target.error().message));
  REQUIRE(target.ok());
  return *target;
}

Choice withProfile(const char* name) {
  Choice choice;
  choice.profile = name;
  return choice;
}

}  // namespace

TEST_CASE("without anything said the default profile and loopback hold") {
  const Target target = resolved({}, sources());
  CHECK(target.endpoint.value == kHostEndpoint);
  CHECK(target.credentials.accessKeyId == "AKIADEFAULT");
  CHECK(target.region.value == "eu-west-1");
  CHECK(target.cluster.value == "default");
  CHECK_FALSE(target.thisHost);
}

TEST_CASE("a profile's services section wins over its endpoint_url") {
  const Target target = resolved(withProfile("dev"), sources());
  CHECK(target.endpoint.value == "http://of-services:1");
  CHECK(target.credentials.accessKeyId == "AKIADEV");
  CHECK(target.credentials.secretAccessKey == "dev-secret");
  CHECK(target.credentials.sessionToken == "token");
  CHECK(target.region.value == "eu-north-1");
  CHECK(target.caFile == "/etc/ca.pem");
}

TEST_CASE("a profile may be in the config file alone") {
  const Target target = resolved({}, sources({{"AWS_PROFILE", "plain"}}));
  CHECK(target.endpoint.value == "http://of-plain:1");
  CHECK(target.credentials.accessKeyId == "AKIAPLAIN");
}

TEST_CASE("endpoints of the environment win over profiles, the service's own over the general one") {
  const auto target = resolved(withProfile("dev"), sources({{"AWS_ENDPOINT_URL", "http://general:1"}}));
  CHECK(target.endpoint.value == "http://general:1");
  const auto own = resolved(
      {}, sources({{"AWS_ENDPOINT_URL", "http://general:1"}, {"AWS_ENDPOINT_URL_ECS", "http://ecs:1"}}));
  CHECK(own.endpoint.value == "http://ecs:1");
  Choice typed;
  typed.endpoint = "http://typed:1";
  CHECK(resolved(typed, sources({{"AWS_ENDPOINT_URL_ECS", "http://ecs:1"}})).endpoint.value ==
        "http://typed:1");
  CHECK(resolved({}, sources({{"AWS_ENDPOINT_URL", "http://general:1"},
                              {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}))
            .endpoint.value == kHostEndpoint);
}

TEST_CASE("keys of the environment win over AWS_PROFILE, and a profile that was typed over them") {
  const std::map<std::string, std::string> keys{{"AWS_ACCESS_KEY_ID", "AKIAENV"},
                                                {"AWS_SECRET_ACCESS_KEY", "env-secret"},
                                                {"AWS_SESSION_TOKEN", "env-token"},
                                                {"AWS_PROFILE", "dev"}};
  const Target target = resolved({}, sources(keys));
  CHECK(target.credentials.accessKeyId == "AKIAENV");
  CHECK(target.credentials.sessionToken == "env-token");
  CHECK(target.endpoint.value == "http://of-services:1");
  CHECK(resolved(withProfile("dev"), sources(keys)).credentials.accessKeyId == "AKIADEV");
}

TEST_CASE("regions come from the option, AWS_REGION, AWS_DEFAULT_REGION, the profile, in this order") {
  Choice typed;
  typed.region = "r1";
  const std::map<std::string, std::string> both{{"AWS_REGION", "r2"}, {"AWS_DEFAULT_REGION", "r3"}};
  CHECK(resolved(typed, sources(both)).region.value == "r1");
  CHECK(resolved({}, sources(both)).region.value == "r2");
  CHECK(resolved({}, sources({{"AWS_DEFAULT_REGION", "r3"}})).region.value == "r3");
}

TEST_CASE("clusters come from the option, then BERTH_CLUSTER") {
  Choice typed;
  typed.cluster = "one";
  CHECK(resolved(typed, sources({{"BERTH_CLUSTER", "two"}})).cluster.value == "one");
  CHECK(resolved({}, sources({{"BERTH_CLUSTER", "two"}})).cluster.value == "two");
}

TEST_CASE("the controller on this host is taken only where nothing else is set") {
  const Target target = resolved({}, sources({}, true));
  CHECK(target.thisHost);
  CHECK(target.credentials.accessKeyId == "AKIAHOST");
  CHECK(target.credentialsFrom == kHostKeyFile);
  CHECK(target.endpoint.value == kHostEndpoint);
  CHECK(target.region.value == "us-east-1");
  CHECK_FALSE(resolved(withProfile("dev"), sources({}, true)).thisHost);
  CHECK_FALSE(resolved({}, sources({{"AWS_PROFILE", "dev"}}, true)).thisHost);
  CHECK_FALSE(resolved({}, sources({{"AWS_ENDPOINT_URL", "http://there:1"}}, true)).thisHost);
  CHECK_FALSE(
      resolved({}, sources({{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "b"}}, true)).thisHost);
}

TEST_CASE("what can't be used says why and where it is") {
  const auto refusal = [](const Choice& choice, const Sources& given) {
    auto target = resolveTarget(choice, given);
    REQUIRE_FALSE(target.ok());
    return target.error().message;
  };
  CHECK(refusal(withProfile("deev"), sources()).find("did you mean 'dev'?") != std::string::npos);
  CHECK(refusal(withProfile("role"), sources()).find("role_arn") != std::string::npos);
  CHECK(refusal(withProfile("half"), sources()).find("only one of") != std::string::npos);
  CHECK(refusal({}, sources({{"AWS_ACCESS_KEY_ID", "a"}})).find("AWS_SECRET_ACCESS_KEY is not") !=
        std::string::npos);
  CHECK(refusal({}, sources({{"AWS_ENDPOINT_URL", "somewhere"}})).find("AWS_ENDPOINT_URL") !=
        std::string::npos);
  Sources nothing;
  nothing.credentials.path = "/home/.aws/credentials";
  CHECK(refusal({}, nothing).find("no access key") != std::string::npos);
}

TEST_CASE("a file that can't be read is an error that names the line and no value") {
  const auto wrong = [](const char* text) {
    auto parsed = parseIni(text, "file");
    REQUIRE_FALSE(parsed.ok());
    return parsed.error().message;
  };
  CHECK(wrong("[a]\nsecret") == "file:2: expected '[section]' or 'key = value'");
  CHECK(wrong("key = 1") == "file:1: a setting before the first '[section]'");
  CHECK(wrong("[a\n") == "file:1: a heading without ']'");
  CHECK(wrong("[a]\n  b = 1\n") == "file:2: an indented setting that belongs to none above");
}
