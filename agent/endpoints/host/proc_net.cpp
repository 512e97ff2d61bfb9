#include "agent/endpoints/host/proc_net.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "agent/endpoints/message.hpp"
#include "common/text/number.hpp"

namespace berth::agent::endpoints {
namespace {

constexpr size_t kIdDigits = 64;

bool isHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

template <class Number>
std::optional<Number> parseHex(std::string_view text) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Words of four bytes, each printed as a number of the machine's own byte order.
std::optional<std::string> parseAddress(std::string_view hex) {
  if (hex.size() != 8 && hex.size() != 32) return std::nullopt;
  std::array<uint32_t, 4> words{};
  for (size_t at = 0; at < hex.size() / 8; ++at) {
    const auto word = parseHex<uint32_t>(hex.substr(at * 8, 8));
    if (!word) return std::nullopt;
    words[at] = *word;
  }
  char text[INET6_ADDRSTRLEN];
  const int family = hex.size() == 8 ? AF_INET : AF_INET6;
  if (inet_ntop(family, words.data(), text, sizeof text) == nullptr) return std::nullopt;
  return plainAddress(text);
}

std::vector<std::string_view> wordsOf(std::string_view line, size_t most) {
  std::vector<std::string_view> out;
  while (out.size() < most) {
    const size_t start = line.find_first_not_of(" \n");
    if (start == std::string_view::npos) break;
    const size_t end = std::min(line.find(' ', start), line.size());
    out.push_back(line.substr(start, end - start));
    line.remove_prefix(end);
  }
  return out;
}

}  // namespace

std::optional<SocketRow> parseSocketRow(std::string_view line) {
  // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
  const auto words = wordsOf(line, 10);
  if (words.size() < 10) return std::nullopt;
  const size_t colon = words[1].find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto address = parseAddress(words[1].substr(0, colon));
  const auto port = parseHex<uint16_t>(words[1].substr(colon + 1));
  const auto inode = parseNumber<uint64_t>(words[9]);
  if (!address || !port || !inode) return std::nullopt;
  return SocketRow{std::move(*address), *port, *inode};
}

std::optional<SocketRow> findSocketRow(std::string_view table, std::string_view address, uint16_t port) {
  char hex[8];
  std::snprintf(hex, sizeof hex, ":%04X ", port);
  for (size_t at = table.find(hex); at != std::string_view::npos; at = table.find(hex, at + 1)) {
    const size_t newline = table.rfind('\n', at);
    const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
    const auto row = parseSocketRow(table.substr(start, table.find('\n', at) - start));
    // A listening socket has the same local port, but never the address and an inode of a connection.
    const bool fits = row && row->localPort == port && row->localAddress == address && row->inode != 0;
    if (fits) return row;
  }
  return std::nullopt;
}

std::string containerIdInCgroup(std::string_view text) {
  size_t run = 0;
  for (size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && isHex(text[at])) {
      ++run;
      continue;
    }
    if (run == kIdDigits) return std::string(text.substr(at - run, run));
    run = 0;
  }
  return {};
}

}  // namespace berth::agent::endpoints
