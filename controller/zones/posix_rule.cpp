#include "controller/zones/posix_rule.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace berth::controller {
namespace {

using std::chrono::seconds;

/// Takes a text apart from its begin.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : left_(text) {}

  bool done() const { return left_.empty(); }
  bool take(char wanted) {
    if (left_.empty() || left_.front() != wanted) return false;
    left_.remove_prefix(1);
    return true;
  }
  /// Digits whose value is from `least` to `most`.
  std::optional<int> number(int least, int most) {
    int value = 0;
    size_t digits = 0;
    for (; digits < left_.size() && digits < 4 && left_[digits] >= '0' && left_[digits] <= '9'; ++digits)
      value = 10 * value + (left_[digits] - '0');
    if (digits == 0 || value < least || value > most) return std::nullopt;
    left_.remove_prefix(digits);
    return value;
  }
  /// "CEST" or "<+02>".
  bool name() {
    const bool quoted = take('<');
    size_t length = 0;
    const auto belongs = [&](char c) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      return letter || (quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
    };
    while (length < left_.size() && belongs(left_[length])) ++length;
    left_.remove_prefix(length);
    return length >= 3 && (!quoted || take('>'));
  }
  /// "-1", "3:30", "167:00:00", with a sign or without.
  std::optional<seconds> time(int mostHours) {
    const bool negative = take('-');
    if (!negative) take('+');
    const auto hours = number(0, mostHours);
    if (!hours) return std::nullopt;
    seconds out = std::chrono::hours(*hours);
    for (const seconds unit : {seconds(60), seconds(1)}) {
      if (!take(':')) break;
      const auto part = number(0, 59);
      if (!part) return std::nullopt;
      out += *part * unit;
    }
    return negative ? -out : out;
  }
  std::optional<ZoneChange> change() {
    ZoneChange out;
    if (!day(out)) return std::nullopt;
    if (!take('/')) return out;
    const auto at = time(167);
    if (!at) return std::nullopt;
    out.time = *at;
    return out;
  }

 private:
  bool day(ZoneChange& out) {
    if (take('M')) {
      const auto month = number(1, 12);
      const auto week = month && take('.') ? number(1, 5) : std::nullopt;
      const auto weekday = week && take('.') ? number(0, 6) : std::nullopt;
      if (!weekday) return false;
      out = {ZoneChange::Kind::Weekday, *month, *week, *weekday};
      return true;
    }
    const bool julian = take('J');
    const auto number_of_day = julian ? number(1, 365) : number(0, 365);
    if (!number_of_day) return false;
    out.kind = julian ? ZoneChange::Kind::JulianDay : ZoneChange::Kind::NumberedDay;
    out.day = *number_of_day;
    return true;
  }

  std::string_view left_;
};

std::chrono::sys_days dayOf(const ZoneChange& change, std::chrono::year year) {
  using namespace std::chrono;
  if (change.kind == ZoneChange::Kind::Weekday) {
    const auto month = year / std::chrono::month(static_cast<unsigned>(change.month));
    const weekday day(static_cast<unsigned>(change.day));
    if (change.week == 5) return sys_days(month / weekday_last(day));
    return sys_days(month / weekday_indexed(day, static_cast<unsigned>(change.week)));
  }
  const sys_days first = sys_days(year / January / 1);
  if (change.kind == ZoneChange::Kind::NumberedDay) return first + days(change.day);
  // The 60th is 1 March in each year.
  const bool behind_leap_day = year.is_leap() && change.day >= 60;
  return first + days(change.day - 1 + (behind_leap_day ? 1 : 0));
}

/// From this moment on `offset` counts.
struct Turn {
  WallTime at;
  seconds offset{0};
};

}  // namespace

std::optional<PosixRule> PosixRule::parse(std::string_view text) {
  RuleReader reader(text);
  PosixRule out;
  if (!reader.name()) return std::nullopt;
  const auto west = reader.time(24);
  if (!west) return std::nullopt;
  out.standard_ = out.summer_ = -*west;
  if (reader.done()) return out;
  if (!reader.name()) return std::nullopt;
  out.changes_ = true;
  out.summer_ = out.standard_ + std::chrono::hours(1);
  if (!reader.take(',')) {
    const auto summer = reader.time(24);
    if (!summer || !reader.take(',')) return std::nullopt;
    out.summer_ = -*summer;
  }
  const auto begins = reader.change();
  const auto ends = begins && reader.take(',') ? reader.change() : std::nullopt;
  if (!ends || !reader.done()) return std::nullopt;
  out.begins_ = *begins;
  out.ends_ = *ends;
  return out;
}

ZonePeriod PosixRule::periodAt(WallTime moment) const {
  ZonePeriod out;
  out.offset = standard_;
  if (!changes_) return out;
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(moment));
  std::array<Turn, 6> turns;
  size_t count = 0;
  // Local years and those of UTC differ by hours.
  for (const int step : {-1, 0, 1}) {
    const std::chrono::year year = day.year() + std::chrono::years(step);
    turns[count++] = {dayOf(begins_, year) + begins_.time - standard_, summer_};
    turns[count++] = {dayOf(ends_, year) + ends_.time - summer_, standard_};
  }
  // Where both are at one moment it is summer all year.
  std::ranges::sort(turns, {}, [&](const Turn& turn) { return std::pair(turn.at, turn.offset == summer_); });
  for (const Turn& turn : turns) {
    if (turn.at <= moment) {
      out.begin = turn.at;
      out.offset = turn.offset;
    } else {
      out.end = turn.at;
      break;
    }
  }
  return out;
}

}  // namespace berth::controller
