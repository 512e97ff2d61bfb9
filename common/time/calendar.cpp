#include <array>
#include <cstdio>

#include "common/time/clock.hpp"

namespace berth {
namespace {

struct Civil {
  int year;
  unsigned month, day;
  int hour, minute, second, milli;
};

Civil civil(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          static_cast<int>(clock.subseconds().count())};
}

/// The number that the `count` digits at `at` spell; -1 when one of them is no digit.
int digits(std::string_view text, size_t at, size_t count) {
  int number = 0;
  for (char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::string toAmzDate(WallTime time) {
  const Civil c = civil(time);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", c.year, c.month,
                                 c.day, c.hour, c.minute, c.second);
  return std::string(text.data(), static_cast<size_t>(size));
}

std::optional<WallTime> parseAmzDate(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const int year = digits(text, 0, 4), month = digits(text, 4, 2), day = digits(text, 6, 2);
  const int hour = digits(text, 9, 2), minute = digits(text, 11, 2), second = digits(text, 13, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return WallTime(std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                  std::chrono::seconds(second));
}

std::string toRfc3339(WallTime time) {
  const Civil c = civil(time);
  std::array<char, 80> text{};
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", c.year,
                                 c.month, c.day, c.hour, c.minute, c.second, c.milli);
  return std::string(text.data(), static_cast<size_t>(size));
}

}  // namespace berth
