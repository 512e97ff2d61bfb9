// Text without what stands at its ends.
#pragma once

#include <string_view>

namespace berth {

/// A part of `text`: without the characters of `blanks` at its beginning and end.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = " \t") {
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace berth
