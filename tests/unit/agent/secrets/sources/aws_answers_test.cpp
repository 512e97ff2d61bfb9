#include "agent/secrets/sources/aws_answers.hpp"

#include <catch2/catch.hpp>

namespace berth::agent {
namespace {

/// Text of JSON that is nested deeper than a stack is.
std::string deepJson() { return std::string(200'000, '[') + std::string(200'000, ']'); }

TEST_CASE("members of a secret are nested 64 levels at most") {
  CHECK(*pickMember(R"({"a":[[1]]})", "a") == "[[1]]");
  const auto deep = pickMember(R"({"a":)" + deepJson() + "}", "a");
  REQUIRE_FALSE(deep.ok());
  CHECK(deep.error().code == Code::InvalidArgument);
  CHECK(deep.error().message == "the secret is no JSON object of at most 64 levels, so it has no json key a");
}

TEST_CASE("what is nested in registries' credentials is passed over, however deep") {
  const std::string data = R"({"auths":{"r.example":{"auth":"dTpw","x":)" + deepJson() + "}}}";
  const auto auths = parseConfiguredAuths("dockercfg", data);
  REQUIRE(auths.ok());
  CHECK(auths->at("r.example").password == "p");
}

}  // namespace
}  // namespace berth::agent
