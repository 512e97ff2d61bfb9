#include "agent/config/ecs_forms.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "common/config/value.hpp"
#include "common/text/letter_case.hpp"
#include "common/text/number.hpp"

namespace berth::agent {
namespace {

using config::Alias;
using config::badValue;
using config::Setting;
using config::Translated;
using config::Value;

Result<Translated> readInto(const Setting& setting, std::string_view text) {
  auto value = parseValue(setting, text);
  if (!value) return value.error();
  return Translated{std::move(*value), {}};
}

Result<Translated> fromText(const Setting& setting, const Alias&, std::string_view text) {
  return readInto(setting, text);
}

Result<Translated> fromNumber(const Setting& setting, const Alias&, std::string_view text) {
  if (setting.type == config::Type::Size && parseNumber<int64_t>(text))
    return readInto(setting, std::string(text) + "MiB");
  return readInto(setting, text);
}

Result<Translated> booleanOf(const Setting& setting, std::string_view text, bool opposite) {
  const auto flag = parseGoBoolean(text);
  if (!flag) return badValue(setting, text, "must be true or false (or 1, t, 0, f)");
  return Translated{Value(*flag != opposite), {}};
}

Result<Translated> fromBoolean(const Setting& setting, const Alias&, std::string_view text) {
  return booleanOf(setting, text, false);
}

Result<Translated> fromOpposite(const Setting& setting, const Alias&, std::string_view text) {
  return booleanOf(setting, text, true);
}

Result<Translated> fromDuration(const Setting& setting, const Alias& alias, std::string_view text) {
  const auto duration = parseGoDuration(text);
  if (!duration || *duration < Duration(0))
    return badValue(setting, text, "must be a duration with a unit, like 500ms, 10s, 5m or 1h30m");
  const std::string shown = formatDuration(*duration);
  if (*duration == Duration(0) && setting.fallback != "0s")
    return Translated{std::nullopt, "0 counts as not set"};
  if (*duration < alias.least && !alias.raised)
    return Translated{std::nullopt,
                      shown + " counts as not set: it is less than " + formatDuration(alias.least)};
  if (*duration < alias.least)
    return Translated{Value(alias.least), shown + " is raised to " + formatDuration(alias.least)};
  // The longer unit first is how Berth writes it.
  return readInto(setting, shown);
}

/// Texts and whole numbers as they are; nullopt for anything else.
std::optional<std::string> scalar(const nlohmann::json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_integer()) return json.dump();
  return std::nullopt;
}

Result<Translated> fromJsonList(const Setting& setting, const Alias&, std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  constexpr const char* kRule = "must be a JSON array of single values, like [\"a\",\"b\"] or [22,80]";
  if (!json.is_array()) return badValue(setting, text, kRule);
  std::vector<std::string> items;
  for (const auto& item : json) {
    auto one = scalar(item);
    if (!one || one->empty()) return badValue(setting, text, kRule);
    items.push_back(std::move(*one));
  }
  auto list = listOf(setting, std::move(items));
  if (!list) return list.error();
  return Translated{std::move(*list), {}};
}

Result<Translated> fromJsonMap(const Setting& setting, const Alias&, std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  constexpr const char* kRule = "must be a JSON object of strings, like {\"disk\":\"ssd\"}";
  if (!json.is_object()) return badValue(setting, text, kRule);
  config::StringMap map;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_string()) return badValue(setting, text, kRule);
    map.emplace(name, value.get<std::string>());
  }
  return Translated{Value(std::move(map)), {}};
}

Result<Translated> fromCommaList(const Setting& setting, const Alias& alias, std::string_view text) {
  if (text.starts_with('[')) return fromJsonList(setting, alias, text);
  return readInto(setting, text);
}

Result<Translated> fromEndpoint(const Setting& setting, const Alias&, std::string_view text) {
  if (text.find("://") != std::string_view::npos) return readInto(setting, text);
  return readInto(setting, "https://" + std::string(text));
}

using Words = std::initializer_list<std::pair<std::string_view, std::string_view>>;

Result<Translated> oneOf(Words words, const Setting& setting, std::string_view text) {
  std::string known;
  for (const auto& [theirs, ours] : words) {
    if (theirs == text) return readInto(setting, ours);
    const bool isWord = theirs.front() >= 'a';
    if (isWord) known += (known.empty() ? "" : ", ") + std::string(theirs);
  }
  return badValue(setting, text, "must be one of " + known);
}

Result<Translated> fromLogLevel(const Setting& setting, const Alias&, std::string_view text) {
  return oneOf(
      {{"debug", "debug"}, {"info", "info"}, {"warn", "warn"}, {"error", "error"}, {"crit", "error"}},
      setting, lowered(text));
}

Result<Translated> fromLogFormat(const Setting& setting, const Alias&, std::string_view text) {
  return oneOf({{"logfmt", "text"}, {"json", "json"}}, setting, text);
}

Result<Translated> fromPullBehavior(const Setting& setting, const Alias&, std::string_view text) {
  return oneOf({{"default", "default"},
                {"always", "always"},
                {"once", "once"},
                {"prefer-cached", "prefer-cached"},
                {"0", "default"},
                {"1", "always"},
                {"2", "once"},
                {"3", "prefer-cached"}},
               setting, text);
}

Alias alias(std::string variable, std::string jsonKey, config::Translate translate) {
  Alias made;
  made.variable = std::move(variable);
  made.jsonKey = std::move(jsonKey);
  made.translate = translate;
  return made;
}

struct GoUnit {
  std::string_view name;
  double nanoseconds;
};
// "µ" has two code points; both are two bytes.
constexpr std::array<GoUnit, 8> kGoUnits = {{{"ns", 1},
                                             {"us", 1e3},
                                             {"\xC2\xB5s", 1e3},
                                             {"\xCE\xBCs", 1e3},
                                             {"ms", 1e6},
                                             {"s", 1e9},
                                             {"m", 60e9},
                                             {"h", 3600e9}}};

/// Takes "1.5h" from the front of `text`, in nanoseconds.
std::optional<long double> takeGoPart(std::string_view& text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, digits);
  const size_t dot = number.find('.');
  const std::string_view whole = number.substr(0, dot);
  const std::string_view fraction = dot == std::string_view::npos ? "" : number.substr(dot + 1);
  if (whole.empty() && fraction.empty()) return std::nullopt;
  if (fraction.find('.') != std::string_view::npos) return std::nullopt;
  text.remove_prefix(digits);
  const size_t letters = std::min(text.find_first_of("0123456789."), text.size());
  const auto unit = std::ranges::find(kGoUnits, text.substr(0, letters), &GoUnit::name);
  if (unit == kGoUnits.end()) return std::nullopt;
  text.remove_prefix(letters);
  const auto left = whole.empty() ? std::optional<int64_t>(0) : parseNumber<int64_t>(whole);
  if (!left) return std::nullopt;
  long double sum = static_cast<long double>(*left) * unit->nanoseconds;
  long double place = unit->nanoseconds;
  for (char c : fraction) sum += (place /= 10) * (c - '0');
  return sum;
}

}  // namespace

std::optional<bool> parseGoBoolean(std::string_view text) {
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  return std::nullopt;
}

std::optional<Duration> parseGoDuration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  long double sum = 0;
  while (!text.empty()) {
    const auto part = takeGoPart(text);
    if (!part) return std::nullopt;
    sum += *part;
  }
  constexpr long double kMost = 9223372036854775807.0L;
  if (sum > kMost) return std::nullopt;
  const auto count = static_cast<int64_t>(std::floor(sum + 1e-6L));
  return Duration(negative ? -count : count);
}

Alias asText(std::string variable, std::string jsonKey) {
  return alias(std::move(variable), std::move(jsonKey), fromText);
}
Alias asNumber(std::string variable, std::string jsonKey) {
  return alias(std::move(variable), std::move(jsonKey), fromNumber);
}
Alias asBoolean(std::string variable, std::string jsonKey) {
  return alias(std::move(variable), std::move(jsonKey), fromBoolean);
}
Alias asOpposite(std::string variable, std::string jsonKey) {
  return alias(std::move(variable), std::move(jsonKey), fromOpposite);
}
Alias asDuration(std::string variable, std::string jsonKey, Duration least) {
  Alias made = alias(std::move(variable), std::move(jsonKey), fromDuration);
  made.least = least;
  return made;
}
Alias asDurationOrDefault(std::string variable, std::string jsonKey, Duration least) {
  Alias made = asDuration(std::move(variable), std::move(jsonKey), least);
  made.raised = false;
  return made;
}
Alias asJsonList(std::string variable, std::string jsonKey) {
  return alias(std::move(variable), std::move(jsonKey), fromJsonList);
}
Alias asJsonMap(std::string variable, std::string jsonKey) {
  return alias(std::move(variable), std::move(jsonKey), fromJsonMap);
}
Alias asCommaList(std::string variable, std::string jsonKey) {
  return alias(std::move(variable), std::move(jsonKey), fromCommaList);
}
Alias asEndpoint(std::string variable, std::string jsonKey) {
  return alias(std::move(variable), std::move(jsonKey), fromEndpoint);
}
Alias asLogLevel(std::string variable) { return alias(std::move(variable), {}, fromLogLevel); }
Alias asLogFormat(std::string variable) { return alias(std::move(variable), {}, fromLogFormat); }
Alias asPullBehavior(std::string variable, std::string jsonKey) {
  return alias(std::move(variable), std::move(jsonKey), fromPullBehavior);
}

bool isDuration(const Alias& alias) { return alias.translate == fromDuration; }

}  // namespace berth::agent
