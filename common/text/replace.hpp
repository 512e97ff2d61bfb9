// Words of a template.
#pragma once

#include <string>
#include <string_view>

namespace berth {

/// Puts `value` wherever `word` stands; what is put is not looked through again. `word` isn't empty.
inline void replaceAll(std::string& text, std::string_view word, std::string_view value) {
  for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += value.size())
    text.replace(at, word.size(), value);
}

}  // namespace berth
