#include "common/http/message.hpp"

#include <algorithm>
#include <array>

#include "common/text/letter_case.hpp"
#include "common/text/number.hpp"

namespace berth::http {

namespace {

bool isUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = lowered(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

uint16_t defaultPort(std::string_view scheme) { return scheme == "https" || scheme == "wss" ? 443 : 80; }

/// Names the URL without what may be secret: query, fragment, and anything up to an "@".
Error badUrl(std::string_view text, std::string_view rule) {
  std::string_view shown = text.substr(0, text.find_first_of("?#"));
  if (const size_t at = shown.rfind('@'); at != std::string_view::npos) shown = shown.substr(at);
  return makeError(Code::InvalidArgument, "URL \"" + std::string(shown) + "\": " + std::string(rule));
}

bool validHostChar(char c, bool literal) {
  return isUnreserved(c) ||
         (literal ? c == ':' : std::string_view("!$&'()*+,;=%").find(c) != std::string_view::npos);
}

/// Splits "host", "host:port", "[v6]" or "[v6]:port"; the text of the broken rule, or empty.
std::string_view splitAuthority(std::string_view authority, Url& url) {
  std::string_view port;
  const bool literal = authority.starts_with('[');
  const size_t hostEnd = literal ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (hostEnd == std::string_view::npos) return "an IPv6 address needs its closing \"]\"";
  url.host = authority.substr(literal ? 1 : 0, literal ? hostEnd - 1 : hostEnd);
  std::string_view rest = authority.substr(literal ? hostEnd + 1 : hostEnd);
  if (url.host.empty()) return "the host is missing";
  for (const char c : url.host) {
    if (!validHostChar(c, literal)) return "the host has a character that no host may have";
  }
  if (rest.empty() || rest == ":") return {};
  if (rest.front() != ':') return "after \"]\" only a port may come";
  port = rest.substr(1);
  url.port = parseNumber<uint16_t>(port).value_or(0);
  if (url.port == 0) return "the port must be 1 to 65535";
  return {};
}

}  // namespace

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (equalsIgnoreCase(key, name)) return value;
  }
  return std::nullopt;
}

void Headers::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string name, std::string value) {
  remove(name);
  add(std::move(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const Field& field) { return equalsIgnoreCase(field.first, name); });
}

bool Url::tls() const { return scheme == "https" || scheme == "wss"; }

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != defaultPort(scheme)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::target() const { return query.empty() ? path : path + "?" + query; }

std::string Url::origin() const { return scheme + "://" + authority(); }

bool Url::loopback() const {
  if (equalsIgnoreCase(host, "localhost") || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

Result<Url> parseUrl(std::string_view text) {
  const bool printable = std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!printable) {
    return makeError(Code::InvalidArgument,
                     "a URL may not contain spaces, control or non-ASCII characters; "
                     "percent-encode them");
  }
  const size_t schemeEnd = text.find("://");
  if (schemeEnd == std::string_view::npos)
    return badUrl(text, "it must begin with http://, https://, ws:// or wss://");
  Url url;
  url.scheme = lowered(text.substr(0, schemeEnd));
  static constexpr std::array<std::string_view, 4> kSchemes = {"http", "https", "ws", "wss"};
  if (std::ranges::find(kSchemes, url.scheme) == kSchemes.end()) {
    return badUrl(text, "it must begin with http://, https://, ws:// or wss://");
  }
  url.port = defaultPort(url.scheme);

  std::string_view rest = text.substr(schemeEnd + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t authorityEnd = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authorityEnd);
  if (authority.find('@') != std::string_view::npos)
    return badUrl(text, "credentials do not belong in a URL; send them in a header");
  if (const std::string_view broken = splitAuthority(authority, url); !broken.empty())
    return badUrl(text, broken);
  rest.remove_prefix(authorityEnd);
  const size_t pathEnd = std::min(rest.find('?'), rest.size());
  url.path = pathEnd == 0 ? "/" : rest.substr(0, pathEnd);
  if (pathEnd < rest.size()) url.query = rest.substr(pathEnd + 1);
  return url;
}

std::string percentEncode(std::string_view text, std::string_view keep) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (isUnreserved(c) || keep.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

std::optional<std::string> percentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hexValue(text[i + 1]);
    const int low = hexValue(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string encodeQuery(const Query& query) {
  std::string out;
  for (const auto& [key, value] : query) {
    if (!out.empty()) out += '&';
    out += percentEncode(key) + "=" + percentEncode(value);
  }
  return out;
}

std::optional<Query> parseQuery(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    std::string field(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (field.empty()) continue;
    std::ranges::replace(field, '+', ' ');
    const size_t equals = std::min(field.find('='), field.size());
    auto key = percentDecode(std::string_view(field).substr(0, equals));
    auto value = percentDecode(std::string_view(field).substr(std::min(equals + 1, field.size())));
    if (!key || !value) return std::nullopt;
    query.emplace_back(std::move(*key), std::move(*value));
  }
  return query;
}

}  // namespace berth::http
