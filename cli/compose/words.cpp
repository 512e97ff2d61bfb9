#include "cli/compose/words.hpp"

#include <cmath>

#include "common/text/number.hpp"
#include "common/time/clock.hpp"

namespace berth::cli {
namespace {

bool nameBegins(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool nameGoesOn(char c) { return nameBegins(c) || (c >= '0' && c <= '9'); }

size_t nameLength(std::string_view text) {
  if (text.empty() || !nameBegins(text.front())) return 0;
  size_t length = 1;
  while (length < text.size() && nameGoesOn(text[length])) ++length;
  return length;
}

/// Where the "}" of a "${" is; text begins behind the "${".
size_t closing(std::string_view text) {
  int depth = 1;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

Result<std::string> notSet(std::string_view name) {
  return makeError(Code::InvalidArgument, "the variable " + std::string(name) +
                                              " is not set: set it, or write ${" + std::string(name) +
                                              ":-VALUE} for one that stands otherwise");
}

/// What is between the braces of a "${...}".
Result<std::string> braced(std::string_view inside, const Variables& variables) {
  const size_t length = nameLength(inside);
  const std::string name(inside.substr(0, length));
  std::string_view rest = inside.substr(length);
  const auto found = variables.find(name);
  if (length > 0 && rest.empty()) return found == variables.end() ? notSet(name) : found->second;
  bool there = found != variables.end();
  if (rest.starts_with(':')) {
    there = there && !found->second.empty();
    rest.remove_prefix(1);
  }
  const char mark = rest.empty() ? '\0' : rest.front();
  if (length == 0 || (mark != '-' && mark != '?' && mark != '+'))
    return makeError(Code::InvalidArgument,
                     "'${" + std::string(inside) + "}' is no variable; write $$ for a $");
  rest.remove_prefix(1);
  if (mark == '+') return there ? interpolated(rest, variables) : std::string();
  if (there) return found->second;
  if (mark == '-') return interpolated(rest, variables);
  return makeError(Code::InvalidArgument,
                   "the variable " + name + " is not set" + (rest.empty() ? "" : ": " + std::string(rest)));
}

}  // namespace

Result<std::string> interpolated(std::string_view text, const Variables& variables) {
  std::string out;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      out += '$';
      text.remove_prefix(1);
    } else if (text.starts_with('{')) {
      text.remove_prefix(1);
      const size_t end = closing(text);
      if (end == std::string_view::npos)
        return makeError(Code::InvalidArgument, "a '${' without its '}'; write $$ for a $");
      auto value = braced(text.substr(0, end), variables);
      if (!value) return value;
      out += *value;
      text.remove_prefix(end + 1);
    } else {
      const size_t length = nameLength(text);
      if (length == 0) return makeError(Code::InvalidArgument, "a '$' without a name; write $$ for a $");
      const auto found = variables.find(std::string(text.substr(0, length)));
      if (found == variables.end()) return notSet(text.substr(0, length));
      out += found->second;
      text.remove_prefix(length);
    }
  }
  return out;
}

std::optional<std::vector<std::string>> shellWords(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool inWord = false;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool escapes = c == '\\' && quote != '\'' && i + 1 < text.size() &&
                         (quote == '\0' || text[i + 1] == '"' || text[i + 1] == '\\');
    if (escapes) {
      word += text[++i];
      inWord = true;
    } else if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      inWord = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (inWord) words.push_back(std::move(word));
      word.clear();
      inWord = false;
    } else {
      word += c;
      inWord = true;
    }
  }
  if (quote != '\0') return std::nullopt;
  if (inWord) words.push_back(std::move(word));
  return words;
}

std::optional<int64_t> secondsOf(std::string_view text) {
  const auto duration = parseDuration(text);
  if (!duration || *duration % std::chrono::seconds(1) != Duration(0)) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(*duration).count();
}

std::optional<int64_t> mebibytesOf(std::string_view text) {
  const size_t end = text.find_first_not_of("0123456789.");
  const auto number = parseNumber<double>(text.substr(0, end));
  std::string unit(end == std::string_view::npos ? std::string_view("b") : text.substr(end));
  for (char& c : unit) c = static_cast<char>(c | 0x20);
  static const std::map<std::string, double> kUnits{
      {"b", 1},          {"k", 1024.0},       {"kb", 1024.0},      {"m", 1048576.0},
      {"mb", 1048576.0}, {"g", 1073741824.0}, {"gb", 1073741824.0}};
  const auto factor = kUnits.find(unit);
  if (!number || factor == kUnits.end()) return std::nullopt;
  const double size = std::ceil(*number * factor->second / 1048576.0);
  if (size < 1 || size > 1e9) return std::nullopt;
  return static_cast<int64_t>(size);
}

}  // namespace berth::cli
