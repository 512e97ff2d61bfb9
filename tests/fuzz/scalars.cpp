// Timestamps, durations, numbers.
#include <cmath>
#include <cstring>

#include "common/text/number.hpp"
#include "common/time/timestamp.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

/// 9999-12-31T23:59:59.999Z, and the year 0000, between which times can be written.
constexpr int64_t kLastMillis = 253'402'300'799'999;
constexpr int64_t kFirstMillis = -62'167'219'200'000;

void checkTimes(std::string_view text) {
  if (const auto time = parseTimestamp(text)) {
    fuzz::require(toEpochMillis(*time) >= 0, "no time is before 1970", text);
    fuzz::require(toEpochMillis(*time) > kLastMillis || parseTimestamp(toRfc3339(*time)) == time,
                  "a time written again is the same", text);
  }
  if (const auto time = parseAmzDate(text)) {
    fuzz::require(toAmzDate(*time) == text, "a date of SigV4 has one spelling", text);
  }
  double seconds = 0;
  std::memcpy(&seconds, text.data(), std::min(text.size(), sizeof seconds));
  const WallTime time = fromEpochSeconds(seconds);
  fuzz::require(toEpochMillis(time) >= kFirstMillis && toEpochMillis(time) <= kLastMillis,
                "times hold to four digits");
  const WallTime again = fromEpochSeconds(toEpochSeconds(time));
  fuzz::require(again == time, "seconds keep the millisecond");
}

void checkDuration(std::string_view text) {
  const auto duration = parseDuration(text);
  if (!duration) return;
  fuzz::require(duration->count() >= 0, "a duration is not negative", text);
  fuzz::require(parseDuration(formatDuration(*duration)) == duration, "a duration written again is the same",
                text);
}

template <class Number>
void checkNumber(std::string_view text) {
  const auto number = parseNumber<Number>(text);
  if (!number) return;
  fuzz::require(parseNumber<Number>(std::to_string(*number)) == number, "a number written again is the same",
                text);
}

}  // namespace

BERTH_FUZZ_TARGET(scalars) {
  checkTimes(input);
  checkDuration(input);
  checkNumber<int64_t>(input);
  checkNumber<uint64_t>(input);
  checkNumber<uint16_t>(input);
}
