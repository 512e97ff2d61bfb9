#include <array>
#include <charconv>
#include <limits>

#include "common/time/clock.hpp"

namespace berth {
namespace {

struct Unit {
  std::string_view name;
  uint64_t nanos;
};

// From the longest to the shortest, the order in which a duration names them.
constexpr std::array<Unit, 7> kUnits = {{{"d", 86'400'000'000'000},
                                         {"h", 3'600'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"s", 1'000'000'000},
                                         {"ms", 1'000'000},
                                         {"us", 1'000},
                                         {"ns", 1}}};
constexpr uint64_t kMaxNanos = std::numeric_limits<Duration::rep>::max();

/// `nanos` in the units whose bit is set in `chosen`; empty when they can't express it exactly.
std::string formatIn(uint64_t nanos, unsigned chosen) {
  std::string text;
  for (size_t i = 0; i < kUnits.size(); ++i) {
    const uint64_t count = nanos / kUnits[i].nanos;
    if (!(chosen >> i & 1U) || count == 0) continue;
    text += std::to_string(count);
    text += kUnits[i].name;
    nanos -= count * kUnits[i].nanos;
  }
  return nanos == 0 ? text : std::string();
}

}  // namespace

std::optional<Duration> parseDuration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  uint64_t total = 0;
  size_t nextUnit = 0;
  while (!text.empty()) {
    uint64_t count = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (failure != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const std::string_view name = text.substr(0, text.find_first_not_of("dhmsun"));
    while (nextUnit < kUnits.size() && kUnits[nextUnit].name != name) ++nextUnit;
    if (nextUnit == kUnits.size() || count > (kMaxNanos - total) / kUnits[nextUnit].nanos)
      return std::nullopt;
    total += count * kUnits[nextUnit++].nanos;
    text.remove_prefix(name.size());
  }
  return Duration(static_cast<Duration::rep>(total));
}

std::string formatDuration(Duration duration) {
  const auto count = duration.count();
  if (count == 0) return "0s";
  const uint64_t nanos = count < 0 ? 0 - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
  std::string shortest;
  // The last of the shortest: among equals the one with the shorter units, 1h30s rather than 3630s.
  for (unsigned chosen = 1; chosen < 1U << kUnits.size(); ++chosen) {
    std::string text = formatIn(nanos, chosen);
    if (!text.empty() && (shortest.empty() || text.size() <= shortest.size())) shortest = std::move(text);
  }
  return count < 0 ? "-" + shortest : shortest;
}

}  // namespace berth
