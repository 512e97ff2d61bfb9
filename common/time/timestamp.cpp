#include "common/time/timestamp.hpp"

#include <chrono>

namespace berth {
namespace {

/// Reads from the front of a text; a fault makes all later reads fail.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  /// So many digits, which make a number of at most `most`.
  int digits(size_t count, int most) {
    if (rest_.size() < count) return fail();
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return fail();
      value = value * 10 + (rest_[i] - '0');
    }
    if (value > most) return fail();
    rest_.remove_prefix(count);
    return value;
  }

  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char wanted) {
    if (!take(wanted)) fail();
  }

  /// What stands behind the decimal point, in milliseconds.
  int fraction() {
    int millis = 0;
    int scale = 100;
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return fail();
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; rest_.remove_prefix(1)) {
      millis += (rest_.front() - '0') * scale;
      scale /= 10;
    }
    return millis;
  }

  bool complete() const { return !failed_ && rest_.empty(); }

 private:
  int fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

/// "Z", "+02:00" or "-0230", as the time east of Greenwich.
std::chrono::minutes readOffset(Reader& reader) {
  if (reader.take('Z')) return std::chrono::minutes(0);
  const bool west = reader.take('-');
  if (!west) reader.expect('+');
  const std::chrono::hours hours(reader.digits(2, 23));
  reader.take(':');
  const std::chrono::minutes offset = hours + std::chrono::minutes(reader.digits(2, 59));
  return west ? -offset : offset;
}

}  // namespace

std::optional<WallTime> parseTimestamp(std::string_view text) {
  using namespace std::chrono;
  Reader reader(text);
  const year year(reader.digits(4, 9999));
  reader.expect('-');
  const month month(static_cast<unsigned>(reader.digits(2, 12)));
  reader.expect('-');
  const day day(static_cast<unsigned>(reader.digits(2, 31)));
  reader.expect('T');
  const int hour = reader.digits(2, 23);
  reader.expect(':');
  const int minute = reader.digits(2, 59);
  reader.expect(':');
  const int second = reader.digits(2, 60);
  const milliseconds fraction(reader.take('.') ? reader.fraction() : 0);
  const minutes offset = readOffset(reader);
  const year_month_day date(year, month, day);
  if (!reader.complete() || !date.ok()) return std::nullopt;
  const WallTime time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + fraction - offset;
  if (time < WallTime()) return std::nullopt;
  return time;
}

}  // namespace berth
