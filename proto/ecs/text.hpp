// Cutting text to the lengths that the API allows.
#pragma once

#include <string>
#include <string_view>

namespace berth::ecs {

/// The longest beginning of `text` that has at most `bytes` bytes and splits no UTF-8 character.
inline std::string_view cut(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace berth::ecs
