#include "controller/streams/grants.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::controller;
using std::chrono::seconds;

namespace {

constexpr MonoTime kNow{std::chrono::hours(1)};

Grant grantOf(const std::string& id, const std::string& token) {
  Grant out;
  out.id = id;
  out.token = token;
  out.container = "app";
  out.until = kNow + seconds(60);
  return out;
}

}  // namespace

TEST_CASE("a grant is taken once") {
  Grants grants;
  grants.add(grantOf("a", "secret"), kNow);
  CHECK(grants.has("a", kNow));
  const auto taken = grants.take("a", "secret", kNow + seconds(59));
  REQUIRE(std::holds_alternative<Grant>(taken));
  CHECK(std::get<Grant>(taken).container == "app");
  CHECK_FALSE(grants.has("a", kNow));
  CHECK(std::get<Grants::Refused>(grants.take("a", "secret", kNow)) == Grants::Refused::Unknown);
}

TEST_CASE("a wrong token spends the grant") {
  Grants grants;
  grants.add(grantOf("a", "secret"), kNow);
  grants.add(grantOf("b", "other"), kNow);
  CHECK(std::get<Grants::Refused>(grants.take("a", "secre", kNow)) == Grants::Refused::WrongToken);
  CHECK(std::get<Grants::Refused>(grants.take("a", "secret", kNow)) == Grants::Refused::Unknown);
  CHECK(std::get<Grants::Refused>(grants.take("b", "", kNow)) == Grants::Refused::WrongToken);
  CHECK(grants.size(kNow) == 0);
}

TEST_CASE("grants of a caller that is none any more are taken away") {
  Grants grants;
  grants.add(grantOf("a", "secret"), kNow);
  grants.forgetStrangers([](std::string_view key) { return key == grantOf("a", "").accessKeyId; });
  CHECK(grants.has("a", kNow));
  grants.forgetStrangers([](std::string_view) { return false; });
  CHECK_FALSE(grants.has("a", kNow));
}

TEST_CASE("a grant that is too old is none") {
  Grants grants;
  grants.add(grantOf("a", "secret"), kNow);
  CHECK(grants.size(kNow) == 1);
  CHECK_FALSE(grants.has("a", kNow + seconds(60)));
  CHECK(std::get<Grants::Refused>(grants.take("a", "secret", kNow + seconds(60))) ==
        Grants::Refused::Unknown);
  CHECK(grants.size(kNow + seconds(60)) == 0);
}
