#include "agent/secrets/sources/secret_name.hpp"

#include <utility>

#include "agent/secrets/value_from.hpp"

namespace berth::agent {

Result<SecretName> parseSecretName(std::string_view valueFrom, std::string_view scheme) {
  SecretName out;
  std::string_view path = valueFrom;
  if (path.starts_with(scheme)) path.remove_prefix(scheme.size());
  if (const size_t mark = path.rfind('#'); mark != std::string_view::npos) {
    out.jsonKey = path.substr(mark + 1);
    path = path.substr(0, mark);
  }
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || !isPlainText(part)) {
      return makeError(
          Code::InvalidArgument,
          "the name has to be a path like db/password, perhaps with #KEY behind it, without empty "
          "parts, \".\" and \"..\"");
    }
    out.path.emplace_back(part);
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

Result<std::string> checkedSecret(std::string text) {
  if (text.empty()) return makeError(Code::InvalidArgument, "the secret is empty");
  if (!isPlainText(text)) return makeError(Code::InvalidArgument, "the secret is no UTF-8 text");
  return text;
}

Result<std::string> readPlainSecret(std::string text) {
  if (text.ends_with("\r\n")) {
    text.resize(text.size() - 2);
  } else if (text.ends_with('\n')) {
    text.pop_back();
  }
  return checkedSecret(std::move(text));
}

}  // namespace berth::agent
