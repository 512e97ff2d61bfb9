#include "agent/runtimes/containerd/registry.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::agent::containerd;
using namespace std::chrono_literals;

TEST_CASE("A registry's challenge names where tokens are to be had, or asks for a password") {
  const auto bearer = parseChallenge(
      R"(Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull")");
  REQUIRE(bearer);
  CHECK_FALSE(bearer->basic);
  CHECK(bearer->realm == "https://auth.example/token");
  CHECK(bearer->service == "registry.example");
  CHECK(bearer->scope == "repository:a/b:pull");
  CHECK(parseChallenge("basic realm=x")->basic);
  CHECK_FALSE(parseChallenge("Bearer service=\"x\""));
  CHECK_FALSE(parseChallenge("Digest realm=\"x\""));
  CHECK_FALSE(parseChallenge(""));
}

TEST_CASE("Later is so many seconds, or a date") {
  const WallTime now = fromEpochMillis(1445412470000);  // 2015-10-21T07:27:50Z
  CHECK(retryAfter("0", now) == Duration(0s));
  CHECK(retryAfter("120", now) == Duration(120s));
  CHECK(retryAfter("4000000000", now) == Duration(24h));
  CHECK(retryAfter("Wed, 21 Oct 2015 07:28:00 GMT", now) == Duration(10s));
  CHECK(retryAfter("Wed, 21 Oct 2015 07:27:00 GMT", now) == Duration(0s));
  for (const char* none :
       {"", "soon", "-1", "1.5", "Wed, 21 Okt 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 CET"})
    CHECK_FALSE(retryAfter(none, now));
}

TEST_CASE("A part of a blob says where it begins") {
  CHECK(contentRangeStart("bytes 100-199/1000") == 100);
  CHECK(contentRangeStart("bytes 0-0/*") == 0);
  for (const char* none : {"", "bytes */1000", "items 1-2/3", "bytes 100", "bytes x-9/10"})
    CHECK_FALSE(contentRangeStart(none));
}
