// ASCII letters of both cases: other bytes, also those of UTF-8, stay as they are, whatever the locale says.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace berth {

constexpr char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lowered(c);
  return out;
}

inline bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char one, char other) { return lowered(one) == lowered(other); });
}

}  // namespace berth
