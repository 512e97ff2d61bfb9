#include "controller/jobs/occurrence.hpp"

#include <algorithm>
#include <chrono>

namespace berth::controller {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::weekday;
using std::chrono::year_month_day;
using std::chrono::year_month_day_last;

/// Local time, as the milliseconds that the same digits would be in UTC.
using Local = WallTime;

bool isWorkday(sys_days day) {
  const unsigned number = weekday(day).c_encoding();
  return number != 0 && number != 6;
}

/// The workday nearest to a day, within its month. Saturdays go back, Sundays on, but for the ends of a
/// month.
sys_days nearestWorkday(sys_days day, sys_days first, sys_days last) {
  const unsigned number = weekday(day).c_encoding();
  if (number == 6) return day == first ? day + days(2) : day - days(1);
  if (number == 0) return day == last ? day - days(2) : day + days(1);
  return day;
}

class DayTest {
 public:
  DayTest(const CronSchedule& cron, year_month_day date)
      : cron_(cron),
        day_(date),
        first_(sys_days(date.year() / date.month() / 1)),
        last_(sys_days(date.year() / date.month() / std::chrono::last)),
        number_(static_cast<unsigned>(date.day())) {}

  bool passes() const {
    if (!cron_.byDay && !cron_.byWeekday) return true;
    return (cron_.byDay && dayOfMonth()) || (cron_.byWeekday && dayOfWeek());
  }

 private:
  bool dayOfMonth() const {
    if (cron_.days[number_]) return true;
    const auto from_last = static_cast<unsigned>((last_ - day_).count());
    if (std::ranges::find(cron_.daysFromLast, from_last) != cron_.daysFromLast.end()) return true;
    if (!isWorkday(day_)) return false;
    return std::ranges::any_of(cron_.nearestWorkdays, [&](unsigned wanted) {
      const sys_days target = wanted == 0 ? last_ : first_ + days(wanted - 1);
      return target <= last_ && nearestWorkday(target, first_, last_) == day_;
    });
  }
  bool dayOfWeek() const {
    const unsigned today = weekday(day_).c_encoding();
    if (cron_.weekdays[today]) return true;
    return std::ranges::any_of(cron_.nthWeekdays, [&](const CronSchedule::NthWeekday& one) {
      if (one.weekday != today) return false;
      return one.nth == 0 ? day_ + days(7) > last_ : (number_ - 1) / 7 + 1 == one.nth;
    });
  }

  const CronSchedule& cron_;
  sys_days day_;
  sys_days first_;
  sys_days last_;
  unsigned number_;
};

/// The first minute of the day that is due, not before `from`.
std::optional<minutes> nextInDay(const CronSchedule& cron, minutes from) {
  for (auto hour = static_cast<size_t>(from.count() / 60); hour < 24; ++hour) {
    if (!cron.hours[hour]) continue;
    const bool same = static_cast<int64_t>(hour) == from.count() / 60;
    for (auto minute = static_cast<size_t>(same ? from.count() % 60 : 0); minute < 60; ++minute) {
      if (cron.minutes[minute]) return minutes(hour * 60 + minute);
    }
  }
  return std::nullopt;
}

/// The first local minute that is due, not before `from`.
std::optional<Local> nextLocal(const CronSchedule& cron, Local from) {
  sys_days day = std::chrono::floor<days>(from);
  minutes time = std::chrono::ceil<minutes>(from - day);
  while (true) {
    const year_month_day date(day);
    const int year = static_cast<int>(date.year());
    if (year > CronSchedule::kLastYear) return std::nullopt;
    const bool known = year >= CronSchedule::kFirstYear;
    const bool in_year = known && cron.years[static_cast<size_t>(year - CronSchedule::kFirstYear)];
    if (!in_year) {
      day = sys_days((date.year() + std::chrono::years(1)) / 1 / 1);
      time = minutes(0);
      continue;
    }
    if (!cron.months[static_cast<unsigned>(date.month())]) {
      day = sys_days(date.year() / date.month() / std::chrono::last) + days(1);
      time = minutes(0);
      continue;
    }
    if (DayTest(cron, date).passes()) {
      if (const auto found = nextInDay(cron, time)) return Local(day) + *found;
    }
    day += days(1);
    time = minutes(0);
  }
}

std::optional<WallTime> nextOfCron(const CronSchedule& cron, const Zone& zone, WallTime after) {
  // A time of day that is asked for after the year 9999 or before its first can't be told: nobody needs it.
  WallTime from = after + std::chrono::milliseconds(1);
  while (true) {
    const ZonePeriod period = zone.periodAt(from);
    Local start = from + period.offset;
    if (!cron.eachHour() && period.begin != WallTime::min()) {
      const Local shown = period.begin + zone.periodAt(period.begin - std::chrono::milliseconds(1)).offset;
      // What the change leaves out is due at the change; what was shown before it is not due again.
      if (from == period.begin && shown < start) {
        const auto left_out = nextLocal(cron, shown);
        if (!left_out) return std::nullopt;
        if (*left_out < start) return from;
      }
      start = std::max(start, shown);
    }
    const auto found = nextLocal(cron, start);
    if (!found) return std::nullopt;
    const WallTime moment = *found - period.offset;
    if (moment < period.end) return moment;
    from = period.end;
  }
}

std::optional<WallTime> nextOfRate(const RateSchedule& rate, WallTime anchor, WallTime after) {
  const auto every = std::chrono::duration_cast<std::chrono::milliseconds>(rate.every);
  if (after < anchor) return anchor + every;
  return anchor + ((after - anchor) / every + 1) * every;
}

}  // namespace

std::shared_ptr<const Zone> OnlyUtc::find(const std::string& name) const {
  class Utc final : public Zone {
    ZonePeriod periodAt(WallTime) const override { return {}; }
  };
  return name == "UTC" ? std::make_shared<Utc>() : nullptr;
}

std::optional<WallTime> nextAfter(const Schedule& schedule, const Zone& zone, WallTime anchor,
                                  WallTime after) {
  if (const auto* rate = std::get_if<RateSchedule>(&schedule)) return nextOfRate(*rate, anchor, after);
  return nextOfCron(std::get<CronSchedule>(schedule), zone, after);
}

PassedMoments passedUpTo(const Schedule& schedule, const Zone& zone, WallTime anchor, WallTime first,
                         WallTime now) {
  PassedMoments out{first, 1};
  while (out.count < PassedMoments::kMostCounted) {
    const auto next = nextAfter(schedule, zone, anchor, out.last);
    if (!next || *next > now) return out;
    out.last = *next;
    ++out.count;
  }
  // Too many to walk along: back from now, until one is found in the steps' width.
  auto back = std::chrono::milliseconds(std::chrono::minutes(1));
  while (now - back > out.last) {
    const auto next = nextAfter(schedule, zone, anchor, now - back);
    if (next && *next <= now) break;
    back *= 2;
  }
  WallTime from = std::max(out.last, now - back);
  while (const auto next = nextAfter(schedule, zone, anchor, from)) {
    if (*next > now) break;
    out.last = from = *next;
  }
  return out;
}

}  // namespace berth::controller
