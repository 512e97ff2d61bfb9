// Schedules as text: cron in Amazon EventBridge's six fields or in the usual five, and rates.
// Source: Amazon EventBridge Scheduler User Guide, "Schedule types"; POSIX, crontab.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::controller {

/// Each so often, counted from when the schedule was set. A day has 24 hours.
struct RateSchedule {
  Duration every{};
};

/// Fields of local time. Days of the week count from Sunday, 0.
struct CronSchedule {
  static constexpr int kFirstYear = 1970;
  static constexpr int kLastYear = 2199;

  struct NthWeekday {
    unsigned weekday = 0;
    unsigned nth = 0;  ///< 1 to 5; 0: the last of the month
  };

  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<13> months;  ///< 1 to 12
  std::bitset<kLastYear - kFirstYear + 1> years;

  bool byDay = false;      ///< the day of the month counts
  bool byWeekday = false;  ///< the day of the week counts; with both, one of them suffices
  std::bitset<32> days;
  std::vector<unsigned> daysFromLast;     ///< 0: the last day of the month (L), 3: L-3
  std::vector<unsigned> nearestWorkdays;  ///< the workday nearest to a day (15W); 0: the last one (LW)
  std::bitset<7> weekdays;
  std::vector<NthWeekday> nthWeekdays;

  /// It means each hour, so it follows the clock; others mean a time of day.
  bool eachHour() const { return hours.all(); }
};

using Schedule = std::variant<RateSchedule, CronSchedule>;

/// "rate(5 minutes)", "cron(0 9 ? * MON-FRI *)" or "0 9 * * 1-5". InvalidArgument, naming the field, what is
/// wrong with it and what it may be.
Result<Schedule> parseSchedule(std::string_view text);

}  // namespace berth::controller
