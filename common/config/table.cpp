#include "common/config/table.hpp"

#include <limits>

#include "common/config/value.hpp"

namespace berth::config {
namespace {

std::string bounds(const Setting& setting, std::string (*show)(int64_t)) {
  const bool low = setting.least != std::numeric_limits<int64_t>::min();
  const bool high = setting.most != std::numeric_limits<int64_t>::max();
  if (low && high) return show(setting.least) + " to " + show(setting.most);
  if (low) return show(setting.least) + " or more";
  return high ? show(setting.most) + " or less" : "";
}

std::string shownNumber(int64_t number) { return std::to_string(number); }
std::string shownDuration(int64_t count) { return formatDuration(Duration(count)); }
std::string shownSize(int64_t bytes) {
  Setting size;
  size.type = Type::Size;
  return formatValue(size, Value(bytes));
}

std::string joined(std::string what, const std::string& more) {
  return more.empty() ? what : what + ", " + more;
}

/// "must be a URL" -> "a URL"
std::string ruleOf(const Setting& setting) {
  constexpr std::string_view kMust = "must be ";
  return setting.rule.starts_with(kMust) ? setting.rule.substr(kMust.size()) : setting.rule;
}

std::string words(const std::vector<std::string>& choices) {
  std::string text;
  for (const std::string& choice : choices) text += (text.empty() ? "`" : ", `") + choice + "`";
  return text;
}

std::string defaultOf(const Setting& setting) {
  if (setting.isRequired) return "required";
  if (!setting.fallback || setting.fallback->empty()) return "none";
  return "`" + *setting.fallback + "`";
}

std::string variablesOf(const Setting& setting) {
  std::string text;
  for (const Alias& alias : setting.aliases) text += (text.empty() ? "`" : ", `") + alias.variable + "`";
  return text;
}

}  // namespace

std::string valuesOf(const Setting& setting) {
  switch (setting.type) {
    case Type::Path:
      return "an absolute path";
    case Type::Choice:
      return words(setting.choices);
    case Type::Integer:
      return joined("a whole number", bounds(setting, shownNumber));
    case Type::Boolean:
      return "`true`, `false`";
    case Type::Duration:
      return joined("a duration", bounds(setting, shownDuration));
    case Type::Size:
      return joined("a size", bounds(setting, shownSize));
    case Type::List:
      return "a list" + (setting.rule.empty() ? std::string() : ": " + ruleOf(setting));
    case Type::Map:
      return "a map";
    default:
      return setting.rule.empty() ? "text" : ruleOf(setting);
  }
}

std::string settingsTable(const Schema& schema, const std::string& foreignTitle) {
  std::string text = "| key | what it is | value | default | " + foreignTitle + " | while running |\n";
  text += "|---|---|---|---|---|---|\n";
  for (const Setting& setting : schema.settings()) {
    text += "| `" + setting.key + "` | " + tableCell(setting.doc) + (setting.isSecret ? "; secret" : "") +
            " | " + tableCell(valuesOf(setting)) + " | " + tableCell(defaultOf(setting)) + " | " +
            variablesOf(setting) + " | " + (setting.isLive ? "yes" : "") + " |\n";
  }
  return text;
}

std::string tableCell(std::string_view text) {
  std::string cell;
  for (char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

}  // namespace berth::config
