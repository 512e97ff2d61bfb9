// RFC 3339 timestamps as Go's encoder writes them.
#pragma once

#include <optional>
#include <string_view>

#include "common/time/clock.hpp"

namespace berth::docker {

/// "2024-06-29T08:33:20.123456789Z" or with an offset "+02:00"; cut to the millisecond. nullopt for any other
/// text and for times before 1970: Go's zero time, "0001-01-01T00:00:00Z", says "never".
std::optional<WallTime> parseTimestamp(std::string_view text);

}  // namespace berth::docker
