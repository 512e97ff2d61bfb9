#include "agent/secrets/ecr_tokens.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;

namespace {

const WallTime kStart = fromEpochSeconds(1'700'000'000);

/// What it draws is a multiple of 30 minutes in milliseconds: no jitter at all.
class NoJitter final : public Random {
 public:
  uint64_t next() override { return uint64_t{30 * 60 * 1000} * 1'000'000; }
};

EcrToken tokenFor(std::string password, WallTime expires) {
  return EcrToken{"1.dkr.ecr.us-east-1.amazonaws.com", {"AWS", std::move(password)}, expires};
}

}  // namespace

TEST_CASE("a token serves until 30 to 60 minutes before it expires") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    EcrTokens tokens(random);
    tokens.put("k", tokenFor("pw", kStart + 12h), kStart);
    CAPTURE(seed);
    CHECK(tokens.find("k", kStart + 11h - 1s));
    CHECK_FALSE(tokens.find("k", kStart + 11h + 30min));
    CHECK(tokens.size() == 0);
  }
  NoJitter least;
  EcrTokens tokens(least);
  tokens.put("k", tokenFor("pw", kStart + 12h), kStart);
  CHECK(tokens.find("k", kStart + 11h + 30min - 1ms)->auth.password == "pw");
  CHECK_FALSE(tokens.find("k", kStart + 11h + 30min));
}

TEST_CASE("the moments at which tokens are given up differ") {
  SeededRandom random(7);
  EcrTokens tokens(random);
  for (int i = 0; i < 100; ++i) tokens.put(std::to_string(i), tokenFor("pw", kStart + 12h), kStart);
  int left = 0;
  for (int i = 0; i < 100; ++i) left += tokens.find(std::to_string(i), kStart + 11h + 15min) ? 1 : 0;
  CHECK(left > 20);
  CHECK(left < 80);
}

TEST_CASE("no token is kept longer than 12 hours, and none that is about to expire") {
  NoJitter least;
  EcrTokens tokens(least);
  tokens.put("k", tokenFor("pw", kStart + 1000h), kStart);
  CHECK(tokens.find("k", kStart + 12h - 1ms));
  CHECK_FALSE(tokens.find("k", kStart + 12h));
  tokens.put("short", tokenFor("pw", kStart + 30min), kStart);
  CHECK_FALSE(tokens.find("short", kStart));
  tokens.put("past", tokenFor("pw", kStart - 1h), kStart);
  CHECK(tokens.size() == 0);
}

TEST_CASE("when it is full, the token that was used longest ago goes") {
  NoJitter least;
  EcrTokens tokens(least, 100);
  for (int i = 0; i < 100; ++i) tokens.put(std::to_string(i), tokenFor("pw", kStart + 12h), kStart);
  CHECK(tokens.find("0", kStart));
  tokens.put("new", tokenFor("pw", kStart + 12h), kStart);
  CHECK(tokens.size() == 100);
  CHECK(tokens.find("0", kStart));
  CHECK_FALSE(tokens.find("1", kStart));
  CHECK(tokens.find("new", kStart));
  tokens.put("new", tokenFor("newer", kStart + 12h), kStart);
  CHECK(tokens.size() == 100);
  CHECK(tokens.find("new", kStart)->auth.password == "newer");
}

TEST_CASE("a token is for one role, region, registry and endpoint") {
  const Role role{"id", "arn:role", "AKID", "secret", "token"};
  const EcrAuthData data{"111", "us-east-1", "", true};
  const std::string key = ecrKey(data, role, "us-east-1");
  CHECK(key.find("secret") == std::string::npos);
  CHECK(key == ecrKey({"111", "", "", true}, role, "us-east-1"));
  CHECK(key != ecrKey({"222", "us-east-1", "", true}, role, "us-east-1"));
  CHECK(key != ecrKey({"111", "us-west-2", "", true}, role, "us-east-1"));
  CHECK(key != ecrKey({"111", "us-east-1", "https://ecr.example", true}, role, "us-east-1"));
  CHECK(key != ecrKey({"111", "us-east-1", "", false}, role, "us-east-1"));
  CHECK(key != ecrKey(data, Role{"other", "arn:role", "", "", ""}, "us-east-1"));
  CHECK(ecrKey(data, Role{"", "", "AKID1", "", ""}, "r") != ecrKey(data, Role{"", "", "AKID2", "", ""}, "r"));
  CHECK(ecrKey({"111", "us-east-1", "", false}, role, "r") ==
        ecrKey({"111", "us-east-1", "", false}, std::nullopt, "r"));
}

TEST_CASE("an image is from a registry when its name begins with the registry's, up to a slash") {
  CHECK(isFromRegistry("1.dkr.ecr.r.amazonaws.com/app:1", "1.dkr.ecr.r.amazonaws.com"));
  CHECK(isFromRegistry("localhost:5000/app", "localhost:5000/"));
  CHECK_FALSE(isFromRegistry("1.dkr.ecr.r.amazonaws.com.evil/app", "1.dkr.ecr.r.amazonaws.com"));
  CHECK_FALSE(isFromRegistry("2.dkr.ecr.r.amazonaws.com/app", "1.dkr.ecr.r.amazonaws.com"));
  CHECK_FALSE(isFromRegistry("app", ""));
  CHECK_FALSE(isFromRegistry("/app", ""));
}
