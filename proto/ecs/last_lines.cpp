#include "proto/ecs/last_lines.hpp"

#include <algorithm>
#include <string_view>

#include "proto/ecs/text.hpp"

namespace berth::ecs {
namespace {

constexpr unsigned char kEscape = 0x1B;

unsigned char byteAt(std::string_view text, size_t at) { return static_cast<unsigned char>(text[at]); }

/// The length of an escape sequence that begins at a place: "ESC [", parameters and a letter, or ESC and one
/// character.
size_t escapeAt(std::string_view text, size_t at) {
  if (at + 1 >= text.size()) return 1;
  if (text[at + 1] != '[') return 2;
  size_t end = at + 2;
  while (end < text.size() && byteAt(text, end) >= 0x20 && byteAt(text, end) < 0x40) ++end;
  return std::min(end + 1, text.size()) - at;
}

/// The length of the UTF-8 character of several bytes that begins at a place; 0: none does, or a control
/// character.
size_t characterAt(std::string_view text, size_t at) {
  const unsigned char lead = byteAt(text, at);
  const size_t length = lead >= 0xF0 && lead < 0xF5   ? 4
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xC2                ? 2
                                                      : 0;
  if (lead >= 0xF5 || length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byteAt(text, at + i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byteAt(text, at + 1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool none = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
  const bool control = lead == 0xC2 && second < 0xA0;
  return overlong || none || control ? 0 : length;
}

std::string cleaned(std::string_view line) {
  std::string out;
  for (size_t at = 0; at < line.size() && out.size() <= kLongestLastLine;) {
    const unsigned char byte = byteAt(line, at);
    if (byte == kEscape) {
      at += escapeAt(line, at);
    } else if (byte < 0x80) {
      if (byte >= ' ' && byte != 0x7F) out += line[at];
      if (byte == '\t') out += ' ';
      ++at;
    } else if (const size_t length = characterAt(line, at)) {
      out += line.substr(at, length);
      at += length;
    } else {
      out += '?';
      ++at;
    }
  }
  return std::string(cut(out, kLongestLastLine));
}

}  // namespace

std::vector<std::string> tellable(const std::vector<std::string>& lines) {
  std::vector<std::string> out;
  size_t bytes = 0;
  for (auto line = lines.rbegin(); line != lines.rend() && out.size() < kMostLastLines; ++line) {
    std::string told = cleaned(*line);
    if (told.find_first_not_of(' ') == std::string::npos) continue;
    bytes += told.size();
    if (bytes > kLongestLastLines) break;
    out.push_back(std::move(told));
  }
  std::ranges::reverse(out);
  return out;
}

}  // namespace berth::ecs
