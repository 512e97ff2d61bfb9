#include "cli/config/ini.hpp"

#include "common/text/letter_case.hpp"
#include "common/text/trim.hpp"

namespace berth::cli {
namespace {

constexpr std::string_view kBlanks = " \t\r";

/// "profile  dev" and "profile dev" are one heading.
std::string headingOf(std::string_view inside) {
  inside = trimmed(inside, kBlanks);
  const size_t blank = inside.find_first_of(kBlanks);
  if (blank == std::string_view::npos) return std::string(inside);
  return std::string(inside.substr(0, blank)) + " " + std::string(trimmed(inside.substr(blank), kBlanks));
}

/// A value ends where a comment begins: at '#' or ';' behind a blank.
std::string_view withoutComment(std::string_view value) {
  for (size_t i = 1; i < value.size(); ++i) {
    const bool mark = value[i] == '#' || value[i] == ';';
    if (mark && kBlanks.find(value[i - 1]) != std::string_view::npos)
      return trimmed(value.substr(0, i), kBlanks);
  }
  return value;
}

class IniReader {
 public:
  explicit IniReader(std::string_view name) : name_(name) {}

  Status line(std::string_view whole, int number) {
    const std::string_view text = trimmed(whole, kBlanks);
    if (text.empty() || text.front() == '#' || text.front() == ';') return {};
    if (text.front() == '[') return heading(text, number);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return wrong(number, "expected '[section]' or 'key = value'");
    if (!section_) return wrong(number, "a setting before the first '[section]'");
    std::string key = lowered(trimmed(text.substr(0, equals), kBlanks));
    const bool indented = kBlanks.find(whole.front()) != std::string_view::npos;
    if (indented && outer_.empty()) return wrong(number, "an indented setting that belongs to none above");
    if (indented) key = outer_ + "." + key;
    const std::string_view value = withoutComment(trimmed(text.substr(equals + 1), kBlanks));
    if (!indented) outer_ = value.empty() ? key : std::string();
    (*section_)[key] = value;
    return {};
  }

  std::map<std::string, IniSection> take() { return std::move(sections_); }

 private:
  Status heading(std::string_view text, int number) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return wrong(number, "a heading without ']'");
    section_ = &sections_[headingOf(text.substr(1, end - 1))];
    outer_.clear();
    return {};
  }

  Error wrong(int number, std::string_view rule) const {
    return makeError(Code::InvalidArgument, name_ + ":" + std::to_string(number) + ": " + std::string(rule));
  }

  std::string name_;
  std::map<std::string, IniSection> sections_;
  IniSection* section_ = nullptr;
  std::string outer_;  ///< the key whose settings the indented lines are
};

}  // namespace

Result<std::map<std::string, IniSection>> parseIni(std::string_view text, std::string_view name) {
  IniReader reader(name);
  int number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (Status read = reader.line(text.substr(0, end), ++number); !read) return read.error();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.take();
}

}  // namespace berth::cli
