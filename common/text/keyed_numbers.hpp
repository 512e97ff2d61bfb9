// Lines of a name and a number, as the kernel and others write their counters.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/text/number.hpp"

namespace berth {

/// All of a text of "NAME NUMBER" lines, by name; the first of two that are called the same. nullopt when a
/// line is no such one.
inline std::optional<std::map<std::string, uint64_t>> parseKeyedNumbers(std::string_view text) {
  std::map<std::string, uint64_t> numbers;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t blank = line.find_first_of(" \t");
    if (blank == 0 || blank == std::string_view::npos) return std::nullopt;
    const auto value = parseNumber<uint64_t>(line.substr(blank + 1));
    if (!value) return std::nullopt;
    numbers.emplace(line.substr(0, blank), *value);
  }
  return numbers;
}

}  // namespace berth
