#include "agent/kernel/kernel_text.hpp"

#include <array>

#include "common/text/number.hpp"

namespace berth::agent {
namespace {

/// Takes the text up to `separator`, and the separator, off the front of `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

/// Takes the next run of non-blanks off the front of `rest`; empty at the end.
std::string_view takeWord(std::string_view& rest) {
  const size_t begin = rest.find_first_not_of(" \t");
  rest.remove_prefix(begin == std::string_view::npos ? rest.size() : begin);
  const size_t end = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

/// Adds the number in `text` to `sum`.
bool add(std::string_view text, uint64_t& sum) {
  const auto value = parseNumber<uint64_t>(text);
  if (value) sum += *value;
  return value.has_value();
}

}  // namespace

std::optional<std::vector<CgroupLine>> parseProcCgroup(std::string_view text) {
  std::vector<CgroupLine> lines;
  while (!text.empty()) {
    std::string_view rest = take(text, '\n');
    if (!parseNumber<uint64_t>(take(rest, ':'))) return std::nullopt;
    std::string_view controllers = take(rest, ':');
    if (!rest.starts_with('/')) return std::nullopt;
    CgroupLine line;
    while (!controllers.empty()) line.controllers.emplace_back(take(controllers, ','));
    line.path = rest;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::optional<uint64_t> parseOneLine(std::string_view text) {
  const std::string_view line = take(text, '\n');
  return text.empty() ? parseNumber<uint64_t>(line) : std::nullopt;
}

std::optional<uint64_t> parseKeyed(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view rest = take(text, '\n');
    if (takeWord(rest) == key) return parseNumber<uint64_t>(takeWord(rest));
  }
  return std::nullopt;
}

std::optional<BlockBytes> parseBlkio(std::string_view text) {
  BlockBytes bytes;
  while (!text.empty()) {
    std::string_view rest = take(text, '\n');
    takeWord(rest);
    const std::string_view kind = takeWord(rest);
    if (kind == "Read" && !add(takeWord(rest), bytes.read)) return std::nullopt;
    if (kind == "Write" && !add(takeWord(rest), bytes.written)) return std::nullopt;
  }
  return bytes;
}

std::optional<BlockBytes> parseIoStat(std::string_view text) {
  BlockBytes bytes;
  while (!text.empty()) {
    std::string_view rest = take(text, '\n');
    takeWord(rest);
    for (std::string_view pair = takeWord(rest); !pair.empty(); pair = takeWord(rest)) {
      const std::string_view key = take(pair, '=');
      if (key == "rbytes" && !add(pair, bytes.read)) return std::nullopt;
      if (key == "wbytes" && !add(pair, bytes.written)) return std::nullopt;
    }
  }
  return bytes;
}

std::optional<NetworkUsage> parseNetDev(std::string_view text) {
  NetworkUsage usage;
  // Received: bytes packets errs drop fifo frame compressed multicast; then sent: bytes packets errs drop ...
  const std::array<uint64_t*, 12> columns = {
      &usage.rxBytes, &usage.rxPackets, &usage.rxErrors, &usage.rxDropped, nullptr,         nullptr,
      nullptr,        nullptr,          &usage.txBytes,  &usage.txPackets, &usage.txErrors, &usage.txDropped};
  take(text, '\n');
  take(text, '\n');
  while (!text.empty()) {
    std::string_view rest = take(text, '\n');
    const size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view name = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
    if (takeWord(name) == "lo") continue;
    for (uint64_t* column : columns) {
      uint64_t unused = 0;
      if (!add(takeWord(rest), column ? *column : unused)) return std::nullopt;
    }
  }
  return usage;
}

}  // namespace berth::agent
