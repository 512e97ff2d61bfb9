#include "proto/ecs/pattern.hpp"

#include <algorithm>

namespace berth::ecs {

Result<Pattern> Pattern::parse(std::string_view text) {
  Pattern out;
  out.text_ = text;
  std::string_view body = text;
  if (body.size() > 2 && body.front() == '(' && body.back() == ')') body = body.substr(1, body.size() - 2);
  bool repeated = body.ends_with("]+") || body.ends_with("]*");
  if (!repeated || body.front() != '[' || !out.readClass(body.substr(1, body.size() - 3))) {
    return makeError(Code::InvalidArgument,
                     "pattern '" + out.text_ + "' is not one repeated character class");
  }
  out.matchesEmpty_ = body.back() == '*';
  return out;
}

bool Pattern::readClass(std::string_view body) {
  while (!body.empty()) {
    if (body.starts_with("\\p{")) {
      if (!allowProperty(body.substr(0, 5))) return false;
      body.remove_prefix(5);
    } else if (body.front() == '\\') {
      if (body.size() < 2) return false;
      allow(body[1], body[1]);
      body.remove_prefix(2);
    } else if (body.size() > 2 && body[1] == '-') {
      allow(body[0], body[2]);
      body.remove_prefix(3);
    } else {
      allow(body[0], body[0]);
      body.remove_prefix(1);
    }
  }
  return allowed_.any();
}

bool Pattern::allowProperty(std::string_view property) {
  if (property == "\\p{L}") {
    allow('a', 'z');
    allow('A', 'Z');
  } else if (property == "\\p{N}") {
    allow('0', '9');
  } else if (property == "\\p{Z}") {
    allow(' ', ' ');
  } else {
    return false;
  }
  // Letters, digits and blanks of other scripts: telling them from the rest is not worth a table here.
  allow('\x80', '\xff');
  return true;
}

void Pattern::allow(char first, char last) {
  for (int c = static_cast<unsigned char>(first); c <= static_cast<unsigned char>(last); ++c) allowed_.set(c);
}

bool Pattern::matches(std::string_view text) const {
  if (text.empty()) return matchesEmpty_;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return allowed_[static_cast<unsigned char>(c)]; });
}

}  // namespace berth::ecs
