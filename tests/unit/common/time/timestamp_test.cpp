#include "common/time/timestamp.hpp"

#include <catch2/catch.hpp>

namespace berth {
namespace {

WallTime at(int64_t millis) { return WallTime(std::chrono::milliseconds(millis)); }

TEST_CASE("Timestamps are read to the millisecond, in any offset") {
  CHECK(parseTimestamp("2024-06-29T08:33:20Z") == at(1719650000000));
  CHECK(parseTimestamp("2024-06-29T08:33:20.125Z") == at(1719650000125));
  CHECK(parseTimestamp("2024-06-29T08:33:20.5Z") == at(1719650000500));
  CHECK(parseTimestamp("2024-06-29T08:33:20.123999999Z") == at(1719650000123));
  CHECK(parseTimestamp("2024-06-29T10:33:20+02:00") == at(1719650000000));
  CHECK(parseTimestamp("2024-06-29T05:03:20.1239-03:30") == at(1719650000123));
  CHECK(parseTimestamp("2024-06-29T06:03:20.25-0230") == at(1719650000250));
  CHECK(parseTimestamp("2024-02-29T00:00:00Z"));
  CHECK(parseTimestamp("1970-01-01T00:00:00Z") == at(0));
}

TEST_CASE("Other text is no timestamp") {
  const auto text =
      GENERATE(as<std::string>(), "", "yesterday", "1719650000", "2024-06-29", "2024-06-29T08:33:20",
               "2024-06-29 08:33:20Z", "2024-13-29T08:33:20Z", "2024-06-29T08:33:20.Z",
               "2024-06-29T08:33:20.5", "2024-06-29T08:33:20+2", "2024-06-29T08:33:20+24:00",
               "2024-06-29T08:33:20+-1:00", "2024-06-29T08:33:20+01:60", "2024-06-29T08:33:20Zz",
               "2024-06-29T0833:20ZZZZZ", "20-4-06-29T08:33:20Z", "2023-02-29T00:00:00Z",
               "2024-06-29T24:00:00Z", "2024-06-29T08:60:00Z", "2024-6-29T08:33:20Z", "2024-00-10T00:00:00Z");
  CAPTURE(text);
  CHECK_FALSE(parseTimestamp(text));
}

TEST_CASE("Go's zero time is never") {
  CHECK_FALSE(parseTimestamp("0001-01-01T00:00:00Z"));
  CHECK_FALSE(parseTimestamp("1969-12-31T23:59:59.999Z"));
}

}  // namespace
}  // namespace berth
