#include "proto/ecs/timestamp.hpp"

#include <catch2/catch.hpp>

namespace berth::ecs {
namespace {

TEST_CASE("Timestamps as text are read to the millisecond, in any offset") {
  CHECK(parseTimestamp("2024-06-29T08:33:20Z") == 1719650000.0);
  CHECK(parseTimestamp("2024-06-29T08:33:20.125Z") == 1719650000.125);
  CHECK(parseTimestamp("2024-06-29T08:33:20.5Z") == 1719650000.5);
  CHECK(parseTimestamp("2024-06-29T08:33:20.123999999Z") == 1719650000.123);
  CHECK(parseTimestamp("2024-06-29T10:33:20+02:00") == 1719650000.0);
  CHECK(parseTimestamp("2024-06-29T06:03:20.25-0230") == 1719650000.25);
}

TEST_CASE("Other text is no timestamp") {
  const auto text = GENERATE(as<std::string>(), "", "yesterday", "1719650000", "2024-06-29",
                             "2024-06-29T08:33:20", "2024-06-29 08:33:20Z", "2024-13-29T08:33:20Z",
                             "2024-06-29T08:33:20.Z", "2024-06-29T08:33:20.5", "2024-06-29T08:33:20+2",
                             "2024-06-29T08:33:20+24:00", "2024-06-29T08:33:20+-1:00",
                             "2024-06-29T08:33:20Zz", "2024-06-29T0833:20ZZZZZ", "20-4-06-29T08:33:20Z");
  CAPTURE(text);
  CHECK_FALSE(parseTimestamp(text));
}

}  // namespace
}  // namespace berth::ecs
