#include "controller/jobs/schedule.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>

#include "common/text/number.hpp"
#include "common/text/trim.hpp"

namespace berth::controller {
namespace {

constexpr size_t kLongestSchedule = 256;
constexpr int64_t kMostDays = 366;

constexpr std::array<std::string_view, 12> kMonthNames = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                          "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kDayNames = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

/// What a field may hold. Names stand for numbers from `firstName` on.
struct FieldRule {
  std::string_view what;
  int low = 0;
  int high = 0;
  std::span<const std::string_view> names = {};
  int firstName = 0;
  bool wraps = false;  ///< a range may go over the end: FRI-MON
};

constexpr FieldRule kMinutes{"minutes", 0, 59};
constexpr FieldRule kHours{"hours", 0, 23};
constexpr FieldRule kDays{"days of the month", 1, 31};
constexpr FieldRule kMonths{"months", 1, 12, kMonthNames, 1};
constexpr FieldRule kWeekdays{"days of the week", 1, 7, kDayNames, 1, true};
constexpr FieldRule kPlainWeekdays{"days of the week", 0, 7, kDayNames, 0, true};
constexpr FieldRule kYears{"years", CronSchedule::kFirstYear, CronSchedule::kLastYear};

Error wrong(std::string message) { return makeError(Code::InvalidArgument, std::move(message)); }

Error wrongField(const FieldRule& rule, std::string_view text, const std::string& why) {
  return wrong("the " + std::string(rule.what) + " '" + std::string(text) + "': " + why);
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t end = std::min(text.find(by), text.size());
    if (by != ' ' || end > 0) out.push_back(text.substr(0, end));
    if (end == text.size()) return out;
    text.remove_prefix(end + 1);
  }
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

Result<int> numberOf(const FieldRule& rule, std::string_view text) {
  const auto named = std::ranges::find(rule.names, text);
  if (named != rule.names.end()) return rule.firstName + static_cast<int>(named - rule.names.begin());
  const auto number = parseNumber<int>(text);
  if (number && *number >= rule.low && *number <= rule.high) return *number;
  std::string may = "use a number from " + std::to_string(rule.low) + " to " + std::to_string(rule.high);
  if (!rule.names.empty())
    may += ", or a name from " + std::string(rule.names.front()) + " to " + std::string(rule.names.back());
  return wrongField(rule, text, may);
}

/// Calls `add` with each number that "*", "7", "1-5", "*/5", "3/5" or "1-9/2" means.
template <class Add>
Status readItem(const FieldRule& rule, std::string_view item, Add add) {
  const size_t slash = item.find('/');
  const std::string_view range = item.substr(0, slash);
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto number = parseNumber<int>(item.substr(slash + 1));
    if (!number || *number < 1 || *number > rule.high)
      return wrongField(rule, item, "behind '/' goes a step from 1 to " + std::to_string(rule.high));
    step = *number;
  }
  int first = rule.low;
  int last = rule.high;
  if (range != "*") {
    const size_t dash = range.find('-');
    const auto begin = numberOf(rule, range.substr(0, dash));
    if (!begin) return begin.error();
    first = *begin;
    if (dash != std::string_view::npos) {
      const auto end = numberOf(rule, range.substr(dash + 1));
      if (!end) return end.error();
      last = *end;
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  if (last < first && !rule.wraps)
    return wrongField(rule, item, "the range ends before it begins: give two, with a comma between them");
  const int width = last < first ? last - first + 7 : last - first;
  for (int past = 0; past <= width; past += step) add(first + past);
  return {};
}

template <class Add>
Status readList(const FieldRule& rule, std::string_view field, Add add) {
  for (const std::string_view item : split(field, ',')) {
    if (item.empty()) return wrongField(rule, field, "something is missing beside a comma");
    if (Status read = readItem(rule, item, add); !read) return read;
  }
  return {};
}

/// L, L-3, LW and 15W; nullopt for what is none of them.
std::optional<Status> readSpecialDay(CronSchedule& cron, std::string_view item) {
  if (item == "L") return cron.daysFromLast.push_back(0), Status();
  if (item == "LW") return cron.nearestWorkdays.push_back(0), Status();
  if (item.starts_with("L-")) {
    const auto back = parseNumber<unsigned>(item.substr(2));
    if (!back || *back < 1 || *back > 30)
      return wrongField(kDays, item, "behind 'L-' goes a number of days from 1 to 30");
    return cron.daysFromLast.push_back(*back), Status();
  }
  if (!item.ends_with('W')) return std::nullopt;
  const auto day = numberOf(kDays, item.substr(0, item.size() - 1));
  if (!day) return wrongField(kDays, item, "before 'W' goes a day from 1 to 31");
  return cron.nearestWorkdays.push_back(static_cast<unsigned>(*day)), Status();
}

/// 6L, FRI#2 and L (Saturday, the last of the week); nullopt for what is none of them.
std::optional<Status> readSpecialWeekday(CronSchedule& cron, std::string_view item) {
  if (item == "L") return cron.weekdays.set(6), Status();
  const size_t hash = item.find('#');
  const bool last = hash == std::string_view::npos && item.ends_with('L');
  if (!last && hash == std::string_view::npos) return std::nullopt;
  const auto day = numberOf(kWeekdays, last ? item.substr(0, item.size() - 1) : item.substr(0, hash));
  if (!day) return day.error();
  unsigned nth = 0;
  if (!last) {
    const auto given = parseNumber<unsigned>(item.substr(hash + 1));
    if (!given || *given < 1 || *given > 5)
      return wrongField(kWeekdays, item, "behind '#' goes a number from 1 to 5");
    nth = *given;
  }
  return cron.nthWeekdays.push_back({static_cast<unsigned>(*day - 1), nth}), Status();
}

Status readDays(CronSchedule& cron, std::string_view field, bool special) {
  cron.byDay = true;
  for (const std::string_view item : split(field, ',')) {
    if (special) {
      if (auto read = readSpecialDay(cron, item)) {
        if (!*read) return *read;
        continue;
      }
    }
    Status read = readList(kDays, item, [&](int day) { cron.days.set(static_cast<size_t>(day)); });
    if (!read) return read;
  }
  return {};
}

Status readWeekdays(CronSchedule& cron, std::string_view field, bool six) {
  cron.byWeekday = true;
  const FieldRule& rule = six ? kWeekdays : kPlainWeekdays;
  for (const std::string_view item : split(field, ',')) {
    if (six) {
      if (auto read = readSpecialWeekday(cron, item)) {
        if (!*read) return *read;
        continue;
      }
    }
    Status read = readList(
        rule, item, [&](int day) { cron.weekdays.set(static_cast<size_t>((six ? day - 1 : day) % 7)); });
    if (!read) return read;
  }
  return {};
}

Status readTimes(CronSchedule& cron, std::string_view minutes, std::string_view hours,
                 std::string_view months) {
  Status read =
      readList(kMinutes, minutes, [&](int minute) { cron.minutes.set(static_cast<size_t>(minute)); });
  if (read) read = readList(kHours, hours, [&](int hour) { cron.hours.set(static_cast<size_t>(hour)); });
  if (read) read = readList(kMonths, months, [&](int month) { cron.months.set(static_cast<size_t>(month)); });
  return read;
}

Result<Schedule> parseSix(const std::vector<std::string_view>& fields) {
  CronSchedule cron;
  if (Status read = readTimes(cron, fields[0], fields[1], fields[3]); !read) return read.error();
  if ((fields[2] == "?") == (fields[4] == "?")) {
    return wrong(
        "one of the day of the month (the third field) and the day of the week (the fifth) must be '?', and "
        "not both: cron(0 9 ? * MON-FRI *)");
  }
  if (fields[2] != "?" && fields[2] != "*") {
    if (Status read = readDays(cron, fields[2], true); !read) return read.error();
  }
  if (fields[4] != "?" && fields[4] != "*") {
    if (Status read = readWeekdays(cron, fields[4], true); !read) return read.error();
  }
  const Status years = readList(kYears, fields[5], [&](int year) {
    cron.years.set(static_cast<size_t>(year - CronSchedule::kFirstYear));
  });
  if (!years) return years.error();
  return Schedule(std::move(cron));
}

Result<Schedule> parseFive(const std::vector<std::string_view>& fields) {
  CronSchedule cron;
  cron.years.set();
  if (Status read = readTimes(cron, fields[0], fields[1], fields[3]); !read) return read.error();
  if (fields[2] != "*") {
    if (Status read = readDays(cron, fields[2], false); !read) return read.error();
  }
  if (fields[4] != "*") {
    if (Status read = readWeekdays(cron, fields[4], false); !read) return read.error();
  }
  return Schedule(std::move(cron));
}

Result<Schedule> parseRate(std::string_view inside) {
  const auto words = split(inside, ' ');
  const auto number = words.empty() ? std::nullopt : parseNumber<int64_t>(words[0]);
  if (words.size() != 2 || !number)
    return wrong("a rate is a whole number and a unit, minutes, hours or days: rate(5 minutes)");
  std::string_view unit = words[1];
  if (unit.ends_with('S')) unit.remove_suffix(1);
  const int64_t minutes = unit == "MINUTE" ? 1 : unit == "HOUR" ? 60 : unit == "DAY" ? 24 * 60 : 0;
  if (minutes == 0) return wrong("a rate's unit is minutes, hours or days: rate(5 minutes)");
  const int64_t most = kMostDays * 24 * 60 / minutes;
  if (*number < 1 || *number > most)
    return wrong("a rate in this unit is a number from 1 to " + std::to_string(most));
  return Schedule(RateSchedule{std::chrono::minutes(*number * minutes)});
}

Result<Schedule> parseUpper(std::string_view text) {
  const size_t open = text.find('(');
  if (open == std::string_view::npos) {
    const auto fields = split(text, ' ');
    if (fields.size() == 5) return parseFive(fields);
    if (fields.size() == 6)
      return wrong("six fields, with the year, are written cron(MINUTES HOURS DAY MONTH WEEKDAY YEAR)");
    return wrong("use rate(5 minutes), cron(MINUTES HOURS DAY MONTH WEEKDAY YEAR), or the usual five fields");
  }
  const std::string_view kind = trimmed(text.substr(0, open), " ");
  if (!text.ends_with(')')) return wrong("the ')' at the end is missing");
  const std::string_view inside = trimmed(text.substr(open + 1, text.size() - open - 2), " ");
  if (kind == "RATE") return parseRate(inside);
  if (kind != "CRON") return wrong("use rate(...), cron(...), or the usual five fields");
  const auto fields = split(inside, ' ');
  if (fields.size() == 6) return parseSix(fields);
  if (fields.size() == 5)
    return wrong("cron(...) has six fields, the last is the year; five fields are written without cron(...)");
  return wrong("cron(...) has six fields: minutes, hours, day of month, month, day of week, year");
}

}  // namespace

Result<Schedule> parseSchedule(std::string_view text) {
  if (text.size() > kLongestSchedule)
    return wrong("a schedule has at most " + std::to_string(kLongestSchedule) + " characters");
  const bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable) return wrong("the schedule has other characters than printable ASCII");
  const std::string upper_case = upper(trimmed(text, " "));
  auto parsed = parseUpper(upper_case);
  if (!parsed) return parsed.error().in("schedule '" + std::string(text) + "'");
  return parsed;
}

}  // namespace berth::controller
