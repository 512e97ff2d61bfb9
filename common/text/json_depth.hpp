// How deep JSON is nested, told from its text.
#pragma once

#include <algorithm>
#include <string_view>

namespace berth {

/// The most objects and arrays that are open at once; what is in strings does not count. Text that is no JSON
/// has some depth, too. For a look before a parser that has no limit: whoever walks a value recurses.
inline int jsonDepthOf(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace berth
