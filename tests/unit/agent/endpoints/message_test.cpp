#include "agent/endpoints/message.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/endpoints/sample.hpp"

namespace berth::agent::endpoints::test {
namespace {

TEST_CASE("A path is cut at its slashes and then decoded") {
  using Parts = std::vector<std::string>;
  CHECK(pathParts("/v3/id/task") == Parts{"v3", "id", "task"});
  CHECK(pathParts("/v2/metadata/") == Parts{"v2", "metadata", ""});
  CHECK(pathParts("/") == Parts{""});
  CHECK(pathParts("/v3/a%2Fb") == Parts{"v3", "a/b"});
  CHECK_FALSE(pathParts("/v3/%zz"));
  CHECK_FALSE(pathParts("/v3/%00"));
}

TEST_CASE("Repeated slashes are redirected to the clean path with its query") {
  const auto redirect = redirectToCleanPath(get("//v4///id//task?x=1"));
  REQUIRE(redirect);
  CHECK(redirect->status == 301);
  CHECK(redirect->headers.front() == std::pair<std::string, std::string>("Location", "/v4/id/task?x=1"));
  CHECK_FALSE(redirectToCleanPath(get("/v4/id/task?x=//")));
}

TEST_CASE("A path has one plain spelling") {
  for (const char* path : {"/v2/credentials/abc", "/v2/credentials/%61bc", "/%76%32/credentials/a%62c",
                           "//v2///credentials/abc", "/v2/credentials%2Fabc"}) {
    INFO(path);
    CHECK(plainPath(path) == "/v2/credentials/abc");
  }
  CHECK(plainPath("/v2/metadata/") == "/v2/metadata/");
  CHECK(plainPath("/v2/%zz").empty());
}

TEST_CASE("A query's value is decoded") {
  CHECK(queryValue("a=1&taskarn=arn%3Aaws%2Fx&taskarn=2", "taskarn") == "arn:aws/x");
  CHECK(queryValue("a=1", "b").empty());
  CHECK(queryValue("a=%zz", "a").empty());
}

TEST_CASE("An IPv4 address in IPv6's clothes is an IPv4 address") {
  CHECK(plainAddress("::ffff:10.0.0.1") == "10.0.0.1");
  CHECK(plainAddress("::1") == "::1");
  CHECK(plainAddress("::ffff:1") == "::ffff:1");
}

}  // namespace
}  // namespace berth::agent::endpoints::test
