#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "common/time/clock.hpp"

using namespace berth;
using namespace std::chrono_literals;

TEST_CASE("durations are whole numbers with units") {
  CHECK(parseDuration("250ms") == 250ms);
  CHECK(parseDuration("10s") == 10s);
  CHECK(parseDuration("5m") == 5min);
  CHECK(parseDuration("1h30m") == 90min);
  CHECK(parseDuration("2d") == 48h);
  CHECK(parseDuration("1d2h3m4s5ms6us7ns") == 26h + 3min + 4s + 5ms + 6us + 7ns);
  CHECK(parseDuration("0s") == 0s);
  CHECK(parseDuration("90m") == 90min);
}

TEST_CASE("anything else is no duration") {
  const std::string_view text =
      GENERATE("", "10", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1S", "1sec", "1w", "30m1h", "1s1s",
               "1h30", "1mm", "m1", "1h-30m", "1ss", "1e3s");
  CAPTURE(text);
  CHECK_FALSE(parseDuration(text));
}

TEST_CASE("durations of more than 292 years are refused, not wrapped") {
  CHECK(parseDuration("9223372036854775807ns") == Duration::max());
  CHECK_FALSE(parseDuration("9223372036854775808ns"));
  CHECK_FALSE(parseDuration("106752d"));
  CHECK_FALSE(parseDuration("99999999999999999999s"));
  CHECK_FALSE(parseDuration("9223372036s9223372036854775807ns"));
}

TEST_CASE("a duration is shown in its shortest form") {
  CHECK(formatDuration(0s) == "0s");
  CHECK(formatDuration(250ms) == "250ms");
  CHECK(formatDuration(1s) == "1s");
  CHECK(formatDuration(60s) == "1m");
  CHECK(formatDuration(90s) == "90s");
  CHECK(formatDuration(3600s) == "1h");
  CHECK(formatDuration(24h) == "1d");
  CHECK(formatDuration(1h + 30s) == "1h30s");
  CHECK(formatDuration(24h + 1ns) == "1d1ns");
  CHECK(formatDuration(-5s) == "-5s");
}

TEST_CASE("every duration reads back from its form") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 500; ++i) {
    const Duration duration(static_cast<int64_t>(random() >> (1 + random() % 62)));
    const std::string text = formatDuration(duration);
    CAPTURE(text);
    REQUIRE(parseDuration(text) == duration);
  }
  CHECK(parseDuration(formatDuration(Duration::max())) == Duration::max());
  CHECK(formatDuration(Duration::min()).starts_with("-"));
}
