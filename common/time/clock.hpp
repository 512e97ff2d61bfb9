// Injected time. Two kinds that do not mix: MonoTime for durations and deadlines, WallTime for what people
// and protocols see.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

using Duration = std::chrono::nanoseconds;

/// Never set by anyone: its time points come from a Clock only.
struct MonoClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonoClock>;
  static constexpr bool is_steady = true;
};
using MonoTime = MonoClock::time_point;

/// UTC, in milliseconds since the epoch, as the AWS protocols carry it.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// Both readings of one moment; the cores take it as a value.
struct Now {
  MonoTime mono;
  WallTime wall;
};

/// Where time comes from. Implementations: SystemClock, and a virtual one in the simulation.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Now now() const = 0;
};

/// The machine's clocks (CLOCK_MONOTONIC, CLOCK_REALTIME).
class SystemClock final : public Clock {
 public:
  Now now() const override;
};

/// Seconds since the epoch with millisecond decimals, as AWS JSON carries timestamps.
double toEpochSeconds(WallTime time);
/// The inverse; rounds to the millisecond, holds to the years 0000 to 9999, and reads NaN as the epoch.
WallTime fromEpochSeconds(double seconds);
int64_t toEpochMillis(WallTime time);
WallTime fromEpochMillis(int64_t millis);

/// "20240629T083320Z" (ISO 8601 basic, UTC), as SigV4 wants it.
std::string toAmzDate(WallTime time);
/// Parses exactly that form; nullopt for anything else, also for impossible dates.
std::optional<WallTime> parseAmzDate(std::string_view text);
/// "2024-06-29T08:33:20.123Z" (RFC 3339, UTC).
std::string toRfc3339(WallTime time);

/// Parses "250ms", "10s", "5m", "1h30m", "2d": whole numbers with a unit each (d h m s ms us ns), the longer
/// unit first. nullopt for anything else, a negative, and more than fits (292 years).
std::optional<Duration> parseDuration(std::string_view text);
/// The shortest form that parseDuration reads back to the same value: "90s", "1h30s". A negative gets a "-".
std::string formatDuration(Duration duration);

}  // namespace berth
