#include "common/log/render.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace berth {
namespace {

enum class Form {
  Plain,   ///< a word or a message on a terminal
  Quoted,  ///< between quotes on a terminal
  Json,    ///< between quotes in JSON
};

/// The length of the UTF-8 sequence that `text` begins with, its code point in `point`; 0 when it is invalid.
size_t decode(std::string_view text, char32_t& point) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return point = first, 1;
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  point = first & (0x7fU >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  return point < kSmallest[size] || surrogate || point > 0x10ffff ? 0 : size;
}

/// Control characters, line separators and marks that reorder what follows.
bool isUnsafe(char32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c || point == 0x200e ||
         point == 0x200f || (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

void appendHex(std::string& out, const char* format, unsigned value) {
  std::array<char, 16> text{};
  out.append(text.data(), static_cast<size_t>(std::snprintf(text.data(), text.size(), format, value)));
}

void appendEscape(std::string& out, char32_t point) {
  switch (point) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      appendHex(out, "\\u%04x", static_cast<unsigned>(point));
  }
}

void append(std::string& out, std::string_view text, Form form) {
  while (!text.empty()) {
    char32_t point = 0;
    const size_t size = decode(text, point);
    if (size == 0 && form == Form::Json) {
      out += "\\ufffd";
    } else if (size == 0) {
      appendHex(out, "\\x%02x", static_cast<unsigned char>(text[0]));
    } else if (isUnsafe(point)) {
      appendEscape(out, point);
    } else {
      if (form != Form::Plain && (point == '"' || point == '\\')) out += '\\';
      out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
}

void appendQuoted(std::string& out, std::string_view text, Form form) {
  out += '"';
  append(out, text, form);
  out += '"';
}

/// Whether a value reads as one word, so that `key=value` is clear without quotes.
bool isWord(std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    char32_t point = 0;
    const size_t size = decode(rest, point);
    if (size == 0 || isUnsafe(point) || point == ' ' || point == '"' || point == '\\' || point == '=')
      return false;
    rest.remove_prefix(size);
  }
  return !text.empty();
}

void appendTextValue(std::string& out, const LogField& field) {
  const auto* text = std::get_if<std::string_view>(&field.value);
  if (text != nullptr && !isWord(*text)) return appendQuoted(out, *text, Form::Quoted);
  out += fieldText(field);
}

void appendJsonValue(std::string& out, const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value))
    return appendQuoted(out, *text, Form::Json);
  const auto* number = std::get_if<double>(&field.value);
  const bool outsideJson = number != nullptr && !std::isfinite(*number);
  if (outsideJson) out += '"';
  out += fieldText(field);
  if (outsideJson) out += '"';
}

std::string_view upperName(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "DEBUG";
    case LogLevel::Info:
      return "INFO";
    case LogLevel::Warn:
      return "WARN";
    case LogLevel::Error:
      return "ERROR";
  }
  return "ERROR";
}

std::string_view lowerName(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warn:
      return "warn";
    case LogLevel::Error:
      return "error";
  }
  return "error";
}

template <class Number>
std::string shortest(Number number) {
  std::array<char, 32> text{};
  return std::string(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

}  // namespace

std::string fieldText(const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) return std::string(*text);
  if (const auto* flag = std::get_if<bool>(&field.value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<int64_t>(&field.value)) return shortest(*integer);
  return shortest(std::get<double>(field.value));
}

std::string renderText(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  std::string line(upperName(level));
  line += ' ';
  append(line, message, Form::Plain);
  for (const LogField& field : fields) {
    line += ' ';
    append(line, field.key, Form::Plain);
    line += '=';
    appendTextValue(line, field);
  }
  return line;
}

std::string renderText(WallTime time, LogLevel level, std::string_view message,
                       std::span<const LogField> fields) {
  return toRfc3339(time) + " " + renderText(level, message, fields);
}

std::string renderJson(WallTime time, LogLevel level, std::string_view program, std::string_view message,
                       std::span<const LogField> fields) {
  std::string line = "{\"time\":\"" + toRfc3339(time) + "\",\"level\":\"";
  line += lowerName(level);
  line += "\",\"msg\":";
  appendQuoted(line, message, Form::Json);
  if (!program.empty()) {
    line += ",\"program\":";
    appendQuoted(line, program, Form::Json);
  }
  for (const LogField& field : fields) {
    const bool taken =
        field.key == "time" || field.key == "level" || field.key == "msg" || field.key == "program";
    line += ",\"";
    append(line, field.key, Form::Json);
    line += taken ? "_\":" : "\":";
    appendJsonValue(line, field);
  }
  return line += '}';
}

}  // namespace berth
