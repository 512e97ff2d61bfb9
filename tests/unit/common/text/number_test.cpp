#include "common/text/number.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

using berth::parseNumber;

TEST_CASE("a number is the whole of a text") {
  CHECK(parseNumber<int64_t>("42") == 42);
  CHECK(parseNumber<int64_t>("-7") == -7);
  CHECK(parseNumber<int64_t>("007") == 7);
  CHECK(parseNumber<uint16_t>("65535") == 65535);
  CHECK(parseNumber<double>("0.5") == 0.5);
  for (const char* text : {"", " ", " 1", "1 ", "+1", "1x", "x", "0x10", "1.5", "--1"}) {
    CAPTURE(text);
    CHECK_FALSE(parseNumber<int64_t>(text));
  }
}

TEST_CASE("a number that the type can't hold is none") {
  CHECK_FALSE(parseNumber<uint16_t>("65536"));
  CHECK_FALSE(parseNumber<uint16_t>("-1"));
  CHECK_FALSE(parseNumber<int64_t>("9223372036854775808"));
  CHECK(parseNumber<int64_t>("-9223372036854775808") == INT64_MIN);
}
