#include "proto/ecs/timestamp.hpp"

#include <charconv>
#include <string>

#include "common/time/clock.hpp"

namespace berth::ecs {
namespace {

constexpr size_t kSecondsLength = 19;  ///< of "2024-06-29T08:33:20"

std::optional<int> number(std::string_view digits) {
  int out = 0;
  if (digits.empty() || digits.front() == '-') return std::nullopt;
  auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (fault != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

/// Takes ".125" off the text; 0 when there is none.
std::optional<double> takeFraction(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  size_t end = text.find_first_not_of("0123456789", 1);
  if (end == std::string_view::npos || end == 1) return std::nullopt;
  auto millis = number((std::string(text.substr(1, end - 1)) + "000").substr(0, 3));
  text.remove_prefix(end);
  if (!millis) return std::nullopt;
  return *millis / 1000.0;
}

/// "Z", "+02:00" or "-0230", in seconds east of Greenwich.
std::optional<int> offset(std::string_view text) {
  if (text == "Z") return 0;
  bool colon = text.size() == 6 && text[3] == ':';
  if ((!colon && text.size() != 5) || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  auto hours = number(text.substr(1, 2));
  auto minutes = number(text.substr(text.size() - 2));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  int seconds = *hours * 3600 + *minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<double> parseTimestamp(std::string_view text) {
  if (text.size() <= kSecondsLength || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  std::string basic;
  for (char c : text.substr(0, kSecondsLength)) {
    if (c != '-' && c != ':') basic += c;
  }
  auto seconds = parseAmzDate(basic + "Z");
  text.remove_prefix(kSecondsLength);
  auto fraction = takeFraction(text);
  auto east = offset(text);
  if (!seconds || !fraction || !east) return std::nullopt;
  return toEpochSeconds(*seconds) - *east + *fraction;
}

}  // namespace berth::ecs
