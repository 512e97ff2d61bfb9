#include "agent/keeper/lines.hpp"

#include <algorithm>

namespace berth::agent::keeper {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

/// The length of the character at the beginning of `text`; 0 when that is none of UTF-8.
size_t characterAt(std::string_view text) {
  const auto byte = [&](size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned first = byte(0);
  const size_t length = first < 0x80   ? 1
                        : first < 0xc2 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Longer than needed, half of a pair, beyond U+10FFFF.
  if (length == 3 && ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f))) return 0;
  if (length == 4 && ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f))) return 0;
  return length;
}

void appendControl(std::string& out, unsigned char byte) {
  out += "\\u00";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

void appendAscii(std::string& out, char c) {
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '<':
    case '>':
    case '&':
      appendControl(out, static_cast<unsigned char>(c));
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20)
        appendControl(out, static_cast<unsigned char>(c));
      else
        out += c;
  }
}

void appendText(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const size_t length = characterAt(text);
    if (length == 1) {
      appendAscii(out, text.front());
    } else if (length == 0) {
      out += "\\ufffd";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
}

}  // namespace

std::optional<Piece> firstPiece(std::string_view bytes, bool last) {
  const size_t end = bytes.substr(0, kLongestPiece).find('\n');
  if (end != std::string_view::npos) return Piece{bytes.substr(0, end), false, end + 1};
  if (bytes.size() >= kLongestPiece) return Piece{bytes.substr(0, kLongestPiece), true, kLongestPiece};
  if (last && !bytes.empty()) return Piece{bytes, false, bytes.size()};
  return std::nullopt;
}

void appendLine(std::string& out, const Piece& piece, bool isStderr, std::string_view time) {
  out += R"({"log":")";
  appendText(out, piece.text);
  out += piece.partial ? R"(","stream":")" : R"(\n","stream":")";
  out += isStderr ? "stderr" : "stdout";
  out += R"(","time":")";
  out += time;
  out += "\"}\n";
}

}  // namespace berth::agent::keeper
