#include "common/time/clock.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace berth;

namespace {

// 2024-06-29T08:33:20.123Z
constexpr int64_t kMoment = 1'719'650'000'123;

}  // namespace

TEST_CASE("the system's clock moves on and tells a time of this century") {
  const SystemClock clock;
  const Now first = clock.now();
  const Now second = clock.now();
  CHECK(second.mono >= first.mono);
  CHECK(first.mono > MonoTime{});
  const std::string year = toRfc3339(first.wall).substr(0, 4);
  CHECK(year >= "2024");
  CHECK(year < "2100");
}

TEST_CASE("epoch seconds carry milliseconds both ways") {
  CHECK(toEpochMillis(fromEpochMillis(kMoment)) == kMoment);
  CHECK(toEpochSeconds(fromEpochMillis(kMoment)) == 1719650000.123);
  CHECK(toEpochMillis(fromEpochSeconds(1719650000.123)) == kMoment);
  CHECK(toEpochMillis(fromEpochSeconds(0.0006)) == 1);
  CHECK(toEpochMillis(fromEpochSeconds(-0.0014)) == -1);
}

TEST_CASE("epoch seconds that no date has are held to the first and the last one") {
  CHECK(toRfc3339(fromEpochSeconds(1e300)) == "9999-12-31T23:59:59.999Z");
  CHECK(toRfc3339(fromEpochSeconds(std::numeric_limits<double>::infinity())) == "9999-12-31T23:59:59.999Z");
  CHECK(toRfc3339(fromEpochSeconds(-1e300)) == "0000-01-01T00:00:00.000Z");
  CHECK(fromEpochSeconds(std::nan("")) == WallTime{});
}

TEST_CASE("dates are shown in UTC") {
  CHECK(toAmzDate(fromEpochMillis(kMoment)) == "20240629T083320Z");
  CHECK(toRfc3339(fromEpochMillis(kMoment)) == "2024-06-29T08:33:20.123Z");
  CHECK(toRfc3339(fromEpochMillis(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(toRfc3339(fromEpochMillis(-1)) == "1969-12-31T23:59:59.999Z");
  CHECK(toAmzDate(fromEpochMillis(951'782'400'000)) == "20000229T000000Z");
}

TEST_CASE("an amz date reads back to the same second") {
  for (int64_t seconds : {0LL, 951'782'400LL, 1'719'650'000LL, 4'102'444'799LL, -1LL}) {
    const WallTime time = fromEpochMillis(seconds * 1000);
    CAPTURE(seconds);
    REQUIRE(parseAmzDate(toAmzDate(time)));
    CHECK(*parseAmzDate(toAmzDate(time)) == time);
  }
}

TEST_CASE("anything but an exact amz date is refused") {
  const std::string_view text = GENERATE(
      "", "20240629T083320", "20240629T083320z", "20240629t083320Z", "20240629 083320Z", "2024-06-29T08:33Z",
      "20240629T083320Z ", " 20240629T083320Z", "+2240629T083320Z", "20240629T08332 Z", "20240629T-83320Z",
      "20240629T083320.1Z", "20241301T000000Z", "20240001T000000Z", "20240100T000000Z", "20240431T000000Z",
      "20230229T000000Z", "19000229T000000Z", "20240629T240000Z", "20240629T006000Z", "20240629T000060Z");
  CAPTURE(text);
  CHECK_FALSE(parseAmzDate(text));
}

TEST_CASE("leap days are dates in leap years") {
  CHECK(parseAmzDate("20240229T000000Z"));
  CHECK(parseAmzDate("20000229T235959Z"));
}
