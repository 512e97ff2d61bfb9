#include "proto/docker/image_reference.hpp"

#include <algorithm>

namespace berth::docker {
namespace {

constexpr std::string_view kDefaultDomain = "docker.io";

bool isLower(char c) { return c >= 'a' && c <= 'z'; }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return isLower(c) || (c >= 'A' && c <= 'Z'); }
bool isHex(char c) { return isDigit(c) || (c >= 'a' && c <= 'f'); }

/// Lower-case letters and digits, with single separators ('.', '_', "__" or dashes) between them.
bool isPathPart(std::string_view part) {
  auto plain = [](char c) { return isLower(c) || isDigit(c); };
  if (part.empty() || !plain(part.front()) || !plain(part.back())) return false;
  for (size_t i = 0; i < part.size();) {
    if (plain(part[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < part.size() && !plain(part[end])) ++end;
    const std::string_view separator = part.substr(i, end - i);
    const bool dashes = std::ranges::all_of(separator, [](char c) { return c == '-'; });
    if (separator != "." && separator != "_" && separator != "__" && !dashes) return false;
    i = end;
  }
  return true;
}

bool isPath(std::string_view path) {
  while (true) {
    const size_t slash = path.find('/');
    if (!isPathPart(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool isDomain(std::string_view domain) {
  std::string_view port;
  if (domain.starts_with('[')) {
    const size_t end = domain.find(']');
    if (end == std::string_view::npos) return false;
    port = domain.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return false;
    domain = domain.substr(1, end - 1);
    if (!std::ranges::all_of(domain, [](char c) { return isDigit(c) || isLetter(c) || c == ':'; }))
      return false;
  } else {
    if (const size_t colon = domain.find(':'); colon != std::string_view::npos) {
      port = domain.substr(colon);
      domain = domain.substr(0, colon);
    }
    if (!std::ranges::all_of(domain,
                             [](char c) { return isDigit(c) || isLetter(c) || c == '-' || c == '.'; })) {
      return false;
    }
  }
  if (domain.empty()) return false;
  if (port.empty()) return true;
  port.remove_prefix(1);
  return !port.empty() && std::ranges::all_of(port, isDigit);
}

bool isTag(std::string_view tag) {
  auto word = [](char c) { return isLetter(c) || isDigit(c) || c == '_'; };
  if (tag.empty() || tag.size() > 128 || !word(tag.front())) return false;
  return std::ranges::all_of(tag, [&](char c) { return word(c) || c == '.' || c == '-'; });
}

bool isDigest(std::string_view digest) {
  constexpr std::string_view kSha256 = "sha256:";
  constexpr std::string_view kSha512 = "sha512:";
  size_t length = 0;
  if (digest.starts_with(kSha256)) length = 64;
  if (digest.starts_with(kSha512)) length = 128;
  if (length == 0) return false;
  const std::string_view hex = digest.substr(kSha256.size());
  return hex.size() == length && std::ranges::all_of(hex, isHex);
}

bool namesHost(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:") != std::string_view::npos;
}

}  // namespace

Result<ImageReference> parseImageReference(std::string_view text) {
  auto refuse = [text](std::string_view rule) {
    return makeError(Code::InvalidArgument, "image \"" + std::string(text) + "\" " + std::string(rule) +
                                                "; write [HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]");
  };
  ImageReference out;
  std::string_view rest = text;
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    out.digest = rest.substr(at + 1);
    if (!isDigest(out.digest)) return refuse("has a digest that is not sha256 or sha512 in lower-case hex");
    rest = rest.substr(0, at);
  }
  // A colon before the last slash belongs to the host.
  const size_t slash = rest.rfind('/');
  const size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    out.tag = rest.substr(colon + 1);
    if (!isTag(out.tag)) return refuse("has a tag that is not 1 to 128 letters, digits, '_', '.' or '-'");
    rest = rest.substr(0, colon);
  }
  const size_t first = rest.find('/');
  if (first != std::string_view::npos && namesHost(rest.substr(0, first))) {
    out.domain = rest.substr(0, first);
    out.path = rest.substr(first + 1);
    if (!isDomain(out.domain)) return refuse("has a registry host that is not NAME or NAME:PORT");
    if (out.domain == "index.docker.io") out.domain = kDefaultDomain;
  } else {
    out.domain = kDefaultDomain;
    out.path = rest;
  }
  if (!isPath(out.path)) {
    return refuse(
        "has a name that is not lower-case letters, digits and single '.', '_' or '-' between them");
  }
  if (out.domain == kDefaultDomain && out.path.find('/') == std::string::npos)
    out.path = "library/" + out.path;
  return out;
}

}  // namespace berth::docker
