#include "common/time/clock.hpp"

#include <time.h>

#include <cmath>

namespace berth {
namespace {

std::chrono::nanoseconds read(clockid_t id) {
  timespec reading{};
  clock_gettime(id, &reading);
  return std::chrono::seconds(reading.tv_sec) + std::chrono::nanoseconds(reading.tv_nsec);
}

// Years 0000 to 9999, the ones that the text forms can show.
constexpr double kFirstMilli = -62'167'219'200'000.0;
constexpr double kLastMilli = 253'402'300'799'999.0;

}  // namespace

Now SystemClock::now() const {
  const auto wall = std::chrono::floor<std::chrono::milliseconds>(read(CLOCK_REALTIME));
  return Now{MonoTime(read(CLOCK_MONOTONIC)), WallTime(wall)};
}

double toEpochSeconds(WallTime time) { return static_cast<double>(toEpochMillis(time)) / 1000.0; }

WallTime fromEpochSeconds(double seconds) {
  if (std::isnan(seconds)) return WallTime{};
  const double millis = std::round(seconds * 1000.0);
  return fromEpochMillis(static_cast<int64_t>(std::fmin(std::fmax(millis, kFirstMilli), kLastMilli)));
}

int64_t toEpochMillis(WallTime time) { return time.time_since_epoch().count(); }

WallTime fromEpochMillis(int64_t millis) { return WallTime(std::chrono::milliseconds(millis)); }

}  // namespace berth
