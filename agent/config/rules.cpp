#include "agent/config/rules.hpp"

#include <algorithm>
#include <array>

#include "common/http/message.hpp"
#include "common/text/number.hpp"
#include "common/text/trim.hpp"

namespace berth::agent {
namespace {

bool isIpv4(std::string_view text) {
  int parts = 0;
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    const bool padded = part.size() > 1 && part.front() == '0';
    if (!parseNumber<uint8_t>(part) || padded) return false;
    ++parts;
    if (dot == std::string_view::npos) return parts == 4;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

bool isPort(std::string_view text) { return parseNumber<uint16_t>(text).value_or(0) != 0; }

std::optional<PortRange> parsePortRange(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parseNumber<uint16_t>(text.substr(0, dash));
  const auto last = parseNumber<uint16_t>(text.substr(dash + 1));
  if (!first || !last || *first == 0 || *last < *first) return std::nullopt;
  return PortRange{*first, *last};
}

bool isPortRange(std::string_view text) { return parsePortRange(text).has_value(); }

std::optional<RequestRate> parseRequestRate(std::string_view text) {
  const size_t comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto rate = parseNumber<int32_t>(trimmed(text.substr(0, comma)));
  const auto burst = parseNumber<int32_t>(trimmed(text.substr(comma + 1)));
  if (!rate || !burst || *rate < 1 || *burst < 1) return std::nullopt;
  return RequestRate{*rate, *burst};
}

bool isRequestRate(std::string_view text) { return parseRequestRate(text).has_value(); }

std::optional<ListenAddress> parseListenAddress(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (!isIpv4(host) || !isPort(port)) return std::nullopt;
  return ListenAddress{std::string(host), *parseNumber<uint16_t>(port)};
}

bool isListenAddress(std::string_view text) { return parseListenAddress(text).has_value(); }

bool isLoopback(std::string_view text) { return isListenAddress(text) && text.starts_with("127."); }

bool isSubnet(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || !isIpv4(text.substr(0, slash))) return false;
  const auto prefix = parseNumber<uint8_t>(text.substr(slash + 1));
  if (!prefix || *prefix < 8 || *prefix > 29) return false;
  uint32_t address = 0;
  for (std::string_view rest = text.substr(0, slash); !rest.empty();) {
    const size_t end = std::min(rest.find('.'), rest.size());
    address = address << 8 | parseNumber<uint8_t>(rest.substr(0, end)).value_or(0);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return (address & (uint32_t{0xffffffff} >> *prefix)) == 0;
}

bool isCluster(std::string_view text) {
  if (text.starts_with("arn:") && text.find(":cluster/") != std::string_view::npos)
    text.remove_prefix(text.rfind('/') + 1);
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool isApi(std::string_view text) {
  const auto url = http::parseUrl(text);
  return url && (url->scheme == "http" || url->scheme == "https");
}

bool isMirror(std::string_view text) {
  const size_t equals = text.find('=');
  return equals != std::string_view::npos && equals > 0 && equals + 1 < text.size() &&
         text.find_first_of(" \t/=", equals + 1) == std::string_view::npos &&
         text.substr(0, equals).find_first_of(" \t/") == std::string_view::npos;
}

bool isUnixSocket(std::string_view text) { return text.starts_with("unix:///"); }

}  // namespace berth::agent
