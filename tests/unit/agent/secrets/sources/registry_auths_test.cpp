#include "agent/secrets/sources/registry_auths.hpp"

#include <nlohmann/json.hpp>

#include "agent/secrets/sources/aws_answers.hpp"
#include "agent/secrets/sources/aws_secrets.hpp"
#include "common/aws/crypto.hpp"
#include "tests/unit/agent/secrets/sources/support.hpp"

namespace berth::agent::test {
namespace {

using nlohmann::json;
using Auth = std::optional<RegistryAuth>;

const std::string kRegistry = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
const std::string kImage = kRegistry + "/team/app:1";

http::Response ecrAnswer(const std::string& password, WallTime expires = kWall + 12h,
                         const std::string& registry = kRegistry) {
  return jsonAnswer(json{{"authorizationData",
                          {{{"authorizationToken", aws::base64Encode("AWS:" + password)},
                            {"expiresAt", toEpochSeconds(expires)},
                            {"proxyEndpoint", "https://" + registry}}}}}
                        .dump());
}

struct Registries {
  explicit Registries(RegistryAuths configured = {}) : fetcher(api, agents, secrets, std::move(configured)) {}

  Result<Auth> get(RegistryAuthRequest request) {
    return stage.ask<Auth>([&](auto done) { fetcher.fetch(request, std::move(done)); });
  }
  Result<Auth> ecr(bool executionRole, const std::string& image = kImage) {
    return get({image, EcrAuthData{"111122223333", "", "", executionRole}, kRole});
  }

  Stage stage;
  std::shared_ptr<AwsApi> api = stage.api();
  aws::StaticCredentials agents{kAgentKey};
  AwsSecrets secrets{api};
  RegistryAuthFetcher fetcher;
};

}  // namespace

TEST_CASE("a token of ECR is user and password of its registry, asked for by the right credentials") {
  Registries test;
  test.stage.service.answers = {ecrAnswer("first"), ecrAnswer("second")};
  const auto byRole = test.ecr(true);
  REQUIRE(byRole.ok());
  CHECK((*byRole)->username == "AWS");
  CHECK((*byRole)->password == "first");
  const auto byAgent = test.ecr(false);
  REQUIRE(byAgent.ok());
  CHECK((*byAgent)->password == "second");

  const auto& requests = test.stage.service.requests;
  REQUIRE(requests.size() == 2);
  CHECK(signedBy(requests[0], kRoleKey, "ecr") == "AKIDROLE");
  CHECK(signedBy(requests[1], kAgentKey, "ecr") == "AKIDAGENT");
  CHECK(requests[0].headers.get("X-Amz-Target") ==
        "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
  CHECK(json::parse(requests[0].body) == json{{"registryIds", {"111122223333"}}});
}

TEST_CASE("a token serves again until half an hour to an hour before it expires") {
  Registries test;
  test.stage.service.answers = {ecrAnswer("first"), ecrAnswer("second", kWall + 24h)};
  CHECK((*test.ecr(true))->password == "first");
  CHECK((*test.ecr(true, kRegistry + "/other"))->password == "first");
  test.stage.clock.at.wall += 11h - 1s;
  CHECK((*test.ecr(true))->password == "first");
  test.stage.clock.at.wall += 31min;
  CHECK((*test.ecr(true))->password == "second");
  CHECK(test.stage.service.requests.size() == 2);
}

TEST_CASE("a token without a time of expiry, or for another registry, is not used again") {
  Registries test;
  http::Response endless = ecrAnswer("pw");
  json body = json::parse(endless.body);
  body["authorizationData"][0].erase("expiresAt");
  endless.body = body.dump();
  test.stage.service.answers = {endless, endless};
  CHECK(test.ecr(true).ok());
  CHECK(test.ecr(true).ok());
  CHECK(test.stage.service.requests.size() == 2);

  test.stage.service.answers = {ecrAnswer("pw", kWall + 12h, "999.dkr.ecr.us-east-1.amazonaws.com")};
  const auto foreign = test.ecr(true);
  REQUIRE_FALSE(foreign.ok());
  CHECK_THAT(
      foreign.error().message,
      Catch::StartsWith("CannotPullECRContainerError: no authorization token") && Catch::Contains(kImage));
}

TEST_CASE("ten pulls at once ask ECR once") {
  Registries test;
  Event release;
  test.stage.service.respond = [&](http::ServerRequest) -> Async<http::Response> {
    co_await release.wait();
    co_return ecrAnswer("pw");
  };
  int answered = 0;
  Event all;
  test.stage.run([&]() -> Async<void> {
    for (int i = 0; i < 10; ++i) {
      test.fetcher.fetch({kImage, EcrAuthData{"111122223333", "", "", true}, kRole}, [&](Result<Auth> auth) {
        CHECK(auth.ok());
        if (++answered == 10) all.set();
      });
    }
    CHECK(answered == 0);
    release.set();
    co_await all.wait();
  });
  CHECK(test.stage.service.requests.size() == 1);
}

TEST_CASE("a failure of ECR has the name that users of ECS know, and is not kept") {
  Registries test;
  test.stage.service.answers = {aws::toResponse({"AccessDeniedException", "not authorized"}, "id")};
  const auto denied = test.ecr(true);
  REQUIRE_FALSE(denied.ok());
  CHECK(denied.error().message ==
        "CannotPullECRContainerError: GetAuthorizationToken: AccessDeniedException: not authorized");
  CHECK(denied.error().code == Code::PermissionDenied);
  for (const char* garbage :
       {"{}", "[]", "x", R"({"authorizationData":[{}]})", R"({"authorizationData":[7]})"}) {
    CAPTURE(garbage);
    test.stage.service.answers = {jsonAnswer(garbage)};
    CHECK_FALSE(test.ecr(true).ok());
  }
  http::Response broken = ecrAnswer("pw");
  json body = json::parse(broken.body);
  body["authorizationData"][0]["authorizationToken"] = "%%%";
  broken.body = body.dump();
  test.stage.service.answers = {broken};
  CHECK_FALSE(test.ecr(true).ok());
  test.stage.service.answers = {ecrAnswer("pw")};
  CHECK(test.ecr(true).ok());

  const auto noRole = test.get({kImage, EcrAuthData{"1", "", "", true}, std::nullopt});
  REQUIRE_FALSE(noRole.ok());
  CHECK(noRole.error().message == "CannotPullContainerAuthError: Unable to find execution role credentials");
}

TEST_CASE("another endpoint is called when the request names one") {
  Registries test;
  test.stage.service.answers = {ecrAnswer("pw")};
  const EcrAuthData data{"111122223333", "eu-west-1", test.stage.url(), true};
  REQUIRE(test.get({kImage, data, kRole}).ok());
  CHECK(signedBy(test.stage.service.requests[0], kRoleKey, "ecr", "eu-west-1") == "AKIDROLE");
  const EcrAuthData odd{"111122223333", "eu-west-1", "user:pw@host/", true};
  const auto refused = test.get({kImage, odd, kRole});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::InvalidArgument);
}

TEST_CASE("credentials of a private registry come from a secret") {
  Registries test;
  test.stage.service.answers = {
      jsonAnswer(json{{"SecretString", R"({"username":"u","password":"p"})"}}.dump()),
      jsonAnswer(json{{"SecretString", R"({"username":"sesame"})"}}.dump())};
  const std::string arn = "arn:aws:secretsmanager:us-east-1:1:secret:reg-AbCdEf";
  const RegistryAuthRequest request{"reg.example/app", AsmAuthData{arn, "us-east-1"}, kRole};
  const auto auth = test.get(request);
  REQUIRE(auth.ok());
  CHECK((*auth)->username == "u");
  CHECK((*auth)->password == "p");

  const auto half = test.get(request);
  REQUIRE_FALSE(half.ok());
  CHECK_THAT(half.error().message,
             Catch::StartsWith("CannotPullContainerAuthError: Trying to retrieve secret") &&
                 !Catch::Contains("sesame"));
  RegistryAuthRequest noRole = request;
  noRole.role.reset();
  const auto refused = test.get(noRole);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message == "CannotPullContainerAuthError: Unable to find execution role credentials");
}

TEST_CASE("without a word in the request the agent's settings decide") {
  Registries test(*parseConfiguredAuths("docker", R"({"reg.example":{"username":"u","password":"p"}})"));
  const auto mine = test.get({"reg.example/app:1", std::monostate{}, std::nullopt});
  REQUIRE(mine.ok());
  REQUIRE(*mine);
  CHECK((*mine)->password == "p");
  const auto other = test.get({"nginx", std::monostate{}, std::nullopt});
  REQUIRE(other.ok());
  CHECK_FALSE(*other);
  CHECK(test.stage.service.requests.empty());
}

TEST_CASE("configured credentials are read in both of their forms") {
  const auto docker = parseConfiguredAuths(
      "docker", R"({"https://index.docker.io/v1/":{"username":"hub","password":"p","email":"e"},
                    "reg.example:5000/team":{"username":"u","password":""}})");
  REQUIRE(docker.ok());
  CHECK(docker->at("docker.io").username == "hub");
  CHECK(docker->at("reg.example:5000/team").username == "u");
  const std::string auth = aws::base64Encode("user:pass:word");
  for (const std::string& data : {R"({"reg.example":{"auth":")" + auth + R"(","email":"e"}})",
                                  R"({"auths":{"https://reg.example/v2/":{"auth":")" + auth + R"("}}})"}) {
    const auto dockercfg = parseConfiguredAuths("dockercfg", data);
    REQUIRE(dockercfg.ok());
    CHECK(dockercfg->at("reg.example").username == "user");
    CHECK(dockercfg->at("reg.example").password == "pass:word");
  }
  CHECK(parseConfiguredAuths("", "")->empty());
}

TEST_CASE("configured credentials that make no sense are refused without a word of a password") {
  using Case = std::pair<const char*, const char*>;
  for (const auto& [type, data] :
       {Case{"docker", "sesame"}, Case{"docker", R"(["sesame"])"}, Case{"docker", R"({"r":"sesame"})"},
        Case{"docker", R"({"r":{"password":"sesame"}})"}, Case{"dockercfg", R"({"r":{"auth":"sesame!"}})"},
        Case{"dockercfg", R"({"r":{"auth":7,"x":"sesame"}})"},
        Case{"kubernetes", R"({"r":{"auth":"sesame"}})"},
        Case{"docker", R"({"":{"username":"u","password":"sesame"}})"},
        Case{"", R"({"r":{"auth":"sesame"}})"},
        Case{"docker", R"({"docker.io":{"username":"u","password":"sesame"},
                           "index.docker.io/v1/":{"username":"u","password":"sesame"}})"}}) {
    CAPTURE(type, data);
    const auto auths = parseConfiguredAuths(type, data);
    REQUIRE_FALSE(auths.ok());
    CHECK(auths.error().code == Code::InvalidArgument);
    CHECK_THAT(auths.error().message, !Catch::Contains("sesame"));
  }
}

}  // namespace berth::agent::test
