#include "agent/endpoints/message.hpp"

#include <nlohmann/json.hpp>

#include "common/http/message.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::endpoints {
namespace {

std::string withoutRepeatedSlashes(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || !out.ends_with('/')) out.push_back(c);
  }
  return out;
}

}  // namespace

std::optional<std::vector<std::string>> pathParts(std::string_view path) {
  std::vector<std::string> parts;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const size_t slash = path.find('/');
    auto part = http::percentDecode(path.substr(0, slash));
    if (!part || part->find('\0') != std::string::npos) return std::nullopt;
    parts.push_back(std::move(*part));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

std::string plainPath(std::string_view path) {
  const auto decoded = http::percentDecode(path);
  return decoded ? withoutRepeatedSlashes(*decoded) : std::string();
}

std::string queryValue(std::string_view query, std::string_view key) {
  const auto fields = http::parseQuery(query);
  if (!fields) return {};
  for (const auto& [name, value] : *fields) {
    if (name == key) return value;
  }
  return {};
}

Response jsonString(int status, std::string_view text) {
  return {.status = status, .body = json::dump(std::string(text))};
}

std::optional<Response> redirectToCleanPath(const Request& request) {
  if (request.path.find("//") == std::string::npos) return std::nullopt;
  std::string clean = withoutRepeatedSlashes(request.path);
  if (!request.query.empty()) clean += "?" + request.query;
  return Response{.status = 301, .contentType = "text/plain", .headers = {{"Location", clean}}};
}

std::string plainAddress(std::string_view address) {
  constexpr std::string_view kMapped = "::ffff:";
  if (address.starts_with(kMapped) && address.find('.') != std::string_view::npos) {
    address.remove_prefix(kMapped.size());
  }
  return std::string(address);
}

}  // namespace berth::agent::endpoints
