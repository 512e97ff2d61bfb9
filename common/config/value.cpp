#include "common/config/value.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "common/text/letter_case.hpp"
#include "common/text/number.hpp"
#include "common/text/trim.hpp"

namespace berth::config {
namespace {

constexpr size_t kShownInErrors = 100;

/// What stands before the next `mark`, trimmed; `text` keeps what stands behind it.
std::string_view takeUntil(std::string_view& text, char mark) {
  const size_t at = text.find(mark);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return trimmed(part);
}

struct SizeUnit {
  std::string_view name;
  int64_t bytes;
};
constexpr std::array<SizeUnit, 9> kSizeUnits = {{{"TiB", int64_t{1} << 40},
                                                 {"GiB", int64_t{1} << 30},
                                                 {"MiB", int64_t{1} << 20},
                                                 {"KiB", int64_t{1} << 10},
                                                 {"TB", 1'000'000'000'000},
                                                 {"GB", 1'000'000'000},
                                                 {"MB", 1'000'000},
                                                 {"KB", 1'000},
                                                 {"B", 1}}};

std::optional<int64_t> parseSize(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = berth::parseNumber<int64_t>(text.substr(0, digits));
  const std::string_view name = trimmed(text.substr(digits));
  if (!number || name.empty()) return number;
  const auto unit = std::ranges::find(kSizeUnits, name, &SizeUnit::name);
  int64_t bytes = 0;
  if (unit == kSizeUnits.end() || __builtin_mul_overflow(*number, unit->bytes, &bytes)) return std::nullopt;
  return bytes;
}

std::string formatSize(int64_t bytes) {
  for (const SizeUnit& unit : kSizeUnits) {
    if (bytes != 0 && bytes % unit.bytes == 0)
      return std::to_string(bytes / unit.bytes) + std::string(unit.name);
  }
  return "0";
}

/// "between 1 and 9", or one side of it, or nothing.
std::string rangeRule(const Setting& setting) {
  const auto show = [&](int64_t n) { return setting.type == Type::Size ? formatSize(n) : std::to_string(n); };
  const bool low = setting.least != Setting{}.least, high = setting.most != Setting{}.most;
  if (low && high) return " between " + show(setting.least) + " and " + show(setting.most);
  if (low) return " of at least " + show(setting.least);
  return high ? " of at most " + show(setting.most) : "";
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

Result<Value> parseNumber(const Setting& setting, std::string_view text) {
  const bool isSize = setting.type == Type::Size;
  const auto number = isSize ? parseSize(text) : berth::parseNumber<int64_t>(text);
  if (number && *number >= setting.least && *number <= setting.most) return Value(*number);
  const std::string rule = isSize ? "must be a size" + rangeRule(setting) + ", like 1048576, 1MB or 1MiB"
                                  : "must be a whole number" + rangeRule(setting);
  return badValue(setting, text, rule);
}

Result<Value> parseText(const Setting& setting, std::string_view text) {
  const bool isAbsolute = text[0] == '/';
  if (setting.type == Type::Path && !isAbsolute) {
    return badValue(setting, text, "must be an absolute path, one that begins with /");
  }
  if (setting.type == Type::Choice && std::ranges::find(setting.choices, text) == setting.choices.end()) {
    return badValue(setting, text, "must be one of " + join(setting.choices));
  }
  if (setting.fits && !setting.fits(text)) return badValue(setting, text, setting.rule);
  return Value(std::string(text));
}

Result<Value> parseList(const Setting& setting, std::string_view text) {
  std::vector<std::string> list;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view part = takeUntil(rest, ',');
    if (part.empty()) return badValue(setting, text, "must be a list like a,b without empty parts");
    list.emplace_back(part);
  }
  return listOf(setting, std::move(list));
}

Result<Value> parseMap(const Setting& setting, std::string_view text) {
  StringMap map;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view value = takeUntil(rest, ',');
    const bool isPair = value.find('=') != std::string_view::npos;
    const std::string name(takeUntil(value, '='));
    if (!isPair || name.empty()) return badValue(setting, text, "must be pairs like a=1,b=2");
    if (!map.emplace(name, trimmed(value)).second) return nameTwice(setting, name);
  }
  return Value(std::move(map));
}

/// Whether YAML reads the plain text as a string, in a flow sequence or mapping too.
bool isPlainSafe(std::string_view text) {
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
  constexpr std::string_view kMore = "0123456789.:@+-";
  constexpr std::array<std::string_view, 13> kWords = {"true", "false", "yes", "no",  "on", "off", "y",
                                                       "n",    "null",  "nan", "inf", ".",  "~"};
  if (text.empty() || kFirst.find(text.front()) == std::string_view::npos || text.back() == ':') return false;
  if (std::ranges::find(kWords, lowered(text)) != kWords.end()) return false;
  return std::ranges::all_of(text, [&](char c) {
    return kFirst.find(c) != std::string_view::npos || kMore.find(c) != std::string_view::npos;
  });
}

/// Double quotes as YAML knows them; one line whatever the text holds.
std::string inQuotes(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      quoted += c;
      continue;
    }
    std::array<char, 8> escape{};
    const int size = std::snprintf(escape.data(), escape.size(), "\\x%02x", unsigned{byte});
    quoted.append(escape.data(), static_cast<size_t>(size));
  }
  return quoted + "\"";
}

Result<Value> parseTime(const Setting& setting, std::string_view text) {
  const auto duration = parseDuration(text);
  if (!duration) {
    return badValue(setting, text, "must be a duration with a unit, like 500ms, 10s, 5m or 1h30m");
  }
  if (duration->count() < setting.least || duration->count() > setting.most) {
    return badValue(setting, text,
                    "must be between " + formatDuration(Duration(setting.least)) + " and " +
                        formatDuration(Duration(setting.most)));
  }
  return Value(*duration);
}

}  // namespace

Error badValue(const Setting& setting, std::string_view text, std::string_view rule) {
  std::string message = "'" + setting.key + "'";
  if (!setting.isSecret) {
    message += " is " + inQuotes(text.substr(0, kShownInErrors));
    message += text.size() > kShownInErrors ? "...:" : ":";
  }
  return makeError(Code::InvalidArgument, message + " " + std::string(rule));
}

Result<Value> listOf(const Setting& setting, std::vector<std::string> items) {
  for (const std::string& item : items) {
    if (setting.fits && !setting.fits(item)) return badValue(setting, item, setting.rule);
  }
  return Value(std::move(items));
}

Error nameTwice(const Setting& setting, std::string_view name) {
  const std::string shown = setting.isSecret ? "a name" : "'" + yamlScalar(name) + "'";
  return makeError(Code::InvalidArgument, "'" + setting.key + "' has " + shown + " twice; keep one");
}

Result<Value> parseValue(const Setting& setting, std::string_view text) {
  if (setting.type == Type::List) return parseList(setting, text);
  if (setting.type == Type::Map) return parseMap(setting, text);
  if (text.empty()) return badValue(setting, text, "must not be empty; give a value or leave it out");
  switch (setting.type) {
    case Type::Integer:
    case Type::Size:
      return parseNumber(setting, text);
    case Type::Boolean:
      if (text == "true" || text == "false") return Value(text == "true");
      return badValue(setting, text, "must be true or false");
    case Type::Duration:
      return parseTime(setting, text);
    default:
      return parseText(setting, text);
  }
}

std::string yamlScalar(std::string_view text) {
  return isPlainSafe(text) ? std::string(text) : inQuotes(text);
}

std::string formatValue(const Setting& setting, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return yamlScalar(*text);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* duration = std::get_if<Duration>(&value)) return formatDuration(*duration);
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return setting.type == Type::Size ? formatSize(*number) : std::to_string(*number);
  }
  std::vector<std::string> parts;
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& item : *list) parts.push_back(yamlScalar(item));
    return "[" + join(parts) + "]";
  }
  for (const auto& [name, item] : std::get<StringMap>(value)) {
    parts.push_back(yamlScalar(name) + ": " + yamlScalar(item));
  }
  return "{" + join(parts) + "}";
}

}  // namespace berth::config
