// RFC 3339 timestamps.
#pragma once

#include <optional>
#include <string_view>

#include "common/time/clock.hpp"

namespace berth {

/// "2024-06-29T08:33:20Z", with a fraction of a second ("...20.125Z", cut to the millisecond) or an offset
/// ("+02:00", also "+0200" as some clients of AWS write it). nullopt for any other text and for times before
/// 1970: Go's zero time, "0001-01-01T00:00:00Z", says "never".
std::optional<WallTime> parseTimestamp(std::string_view text);

}  // namespace berth
