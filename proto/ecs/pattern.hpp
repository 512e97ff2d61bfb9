// The patterns of strings: one character class, repeated.
#pragma once

#include <bitset>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::ecs {

/// "[CLASS]+" or "[CLASS]*", perhaps in parentheses. All patterns of the API are of that kind, so no general
/// matcher, with its worst cases, is let near outside text: matching takes one step a byte.
class Pattern {
 public:
  /// CLASS has characters, ranges "a-z", escapes "\-", and \p{L} (letters), \p{N} (digits), \p{Z} (blanks),
  /// of which every one takes all characters outside ASCII. InvalidArgument for anything else.
  static Result<Pattern> parse(std::string_view text);

  bool matches(std::string_view text) const;
  /// As it was declared.
  const std::string& text() const { return text_; }

 private:
  bool readClass(std::string_view body);
  bool allowProperty(std::string_view property);
  void allow(char first, char last);

  std::string text_;
  bool matchesEmpty_ = false;
  std::bitset<256> allowed_;
};

}  // namespace berth::ecs
