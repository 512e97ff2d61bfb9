#include "proto/json/members.hpp"

#include <algorithm>
#include <optional>

namespace berth::json {
namespace {

/// Finds where things end. It does not tell JSON from what only looks like it.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// The next mark, behind blanks.
  bool take(char mark) {
    skipBlanks();
    if (at_ == text_.size() || text_[at_] != mark) return false;
    ++at_;
    return true;
  }
  bool atEnd() {
    skipBlanks();
    return at_ == text_.size();
  }

  /// With its quotes.
  std::optional<std::string_view> quoted() {
    const size_t from = at_;
    if (!take('"')) return std::nullopt;
    const size_t begin = at_ - 1;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return text_.substr(begin, at_ - begin);
      }
    }
    at_ = from;
    return std::nullopt;
  }

  std::optional<std::string_view> value() {
    skipBlanks();
    if (at_ == text_.size()) return std::nullopt;
    if (text_[at_] == '"') return quoted();
    const size_t begin = at_;
    const bool ended = text_[at_] == '{' || text_[at_] == '[' ? skipNested() : skipPlain();
    if (!ended) return std::nullopt;
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skipBlanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool skipNested() {
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!quoted()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
  }

  bool skipPlain() {
    const size_t begin = at_;
    at_ = std::min(text_.find_first_of(",}] \t\r\n", at_), text_.size());
    return at_ > begin;
  }

  std::string_view text_;
  size_t at_ = 0;
};

/// What is wanted of a member: nullopt for nothing, no path for all of it.
std::optional<std::vector<std::string_view>> wantedOf(std::string_view key,
                                                      const std::vector<std::string_view>& paths) {
  std::vector<std::string_view> inside;
  for (const std::string_view path : paths) {
    const size_t dot = std::min(path.find('.'), path.size());
    if (!equalKeys(path.substr(0, dot), key)) continue;
    if (dot == path.size()) return std::vector<std::string_view>();
    inside.push_back(path.substr(dot + 1));
  }
  if (inside.empty()) return std::nullopt;
  return inside;
}

bool keep(std::string_view text, const std::vector<std::string_view>& paths, std::string& out) {
  Scanner in(text);
  if (!in.take('{')) return false;
  char before = '{';
  for (bool more = !in.take('}'); more;) {
    const auto key = in.quoted();
    if (!key || !in.take(':')) return false;
    const auto value = in.value();
    if (!value) return false;
    if (const auto wanted = wantedOf(key->substr(1, key->size() - 2), paths)) {
      out += before;
      before = ',';
      out.append(*key).append(":");
      if (wanted->empty() || !value->starts_with('{')) {
        out.append(*value);
      } else if (!keep(*value, *wanted, out)) {
        return false;
      }
    }
    more = in.take(',');
    if (!more && !in.take('}')) return false;
  }
  out += before == '{' ? "{}" : "}";
  return in.atEnd();
}

}  // namespace

bool equalKeys(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string keepMembers(std::string_view text, const std::vector<std::string_view>& paths) {
  std::string out;
  return keep(text, paths, out) ? out : std::string(text);
}

}  // namespace berth::json
