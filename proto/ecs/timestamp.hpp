// Timestamps that clients write as text instead of as a number.
#pragma once

#include <optional>
#include <string_view>

namespace berth::ecs {

/// "2024-06-29T08:33:20Z", with a fraction of a second ("...20.125Z", cut to milliseconds) or an offset
/// ("...20+02:00") as RFC 3339 has them, as seconds since the epoch. nullopt for anything else.
std::optional<double> parseTimestamp(std::string_view text);

}  // namespace berth::ecs
