// The rule at the end of a compiled time zone: what its clocks do after the last change that the file lists.
// Source of the form: RFC 8536, section 3.3 and 3.3.1; POSIX, Base Definitions, section 8.3 (TZ).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "controller/jobs/zone.hpp"

namespace berth::controller {

/// A day of each year, and the local time at which clocks change then.
struct ZoneChange {
  enum class Kind {
    Weekday,      ///< "M3.5.0": the `week`th `day` (0: Sunday) of `month`; the 5th is the last
    JulianDay,    ///< "J60": `day` 1 to 365, never 29 February
    NumberedDay,  ///< "59": `day` 0 to 365, which counts 29 February
  };

  Kind kind = Kind::Weekday;
  int month = 0;
  int week = 0;
  int day = 0;
  std::chrono::seconds time{2 * 3600};  ///< from midnight; it may lie on another day, up to a week away
};

class PosixRule {
 public:
  /// "CET-1CEST,M3.5.0,M10.5.0/3", "<+03>-3". Nullopt for anything that is no such text, and for one that has
  /// summer time without saying when.
  static std::optional<PosixRule> parse(std::string_view text);

  /// What the rule alone says; without summer time one stretch without begin and end.
  ZonePeriod periodAt(WallTime moment) const;

 private:
  std::chrono::seconds standard_{0};  ///< east of UTC
  std::chrono::seconds summer_{0};
  bool changes_ = false;
  ZoneChange begins_;  ///< of summer time
  ZoneChange ends_;
};

}  // namespace berth::controller
