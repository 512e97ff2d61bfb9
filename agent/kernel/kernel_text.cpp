#include "agent/kernel/kernel_text.hpp"

#include <array>
#include <limits>

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

struct Device {
  uint64_t major = 0;
  uint64_t minor = 0;
};

/// Of "8:0".
std::optional<Device> deviceOf(std::string_view text) {
  const auto major = parseNumber<uint64_t>(take(text, ':'));
  const auto minor = parseNumber<uint64_t>(text);
  if (!major || !minor) return std::nullopt;
  return Device{*major, *minor};
}

/// The entry of device "8:0"; a new one unless it is the last. nullptr when that is no device.
BlockUsage* deviceIn(std::vector<BlockUsage>& devices, std::string_view text) {
  const auto device = deviceOf(text);
  if (!device) return nullptr;
  if (devices.empty() || devices.back().major != device->major || devices.back().minor != device->minor) {
    devices.push_back(BlockUsage{device->major, device->minor});
  }
  return &devices.back();
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

std::optional<std::vector<uint64_t>> parseNumbers(std::string_view text) {
  std::string_view line = take(text, '\n');
  std::vector<uint64_t> numbers;
  for (std::string_view word = takeWord(line); !word.empty(); word = takeWord(line)) {
    const auto value = parseNumber<uint64_t>(word);
    if (!value) return std::nullopt;
    numbers.push_back(*value);
  }
  if (!text.empty() || numbers.empty()) return std::nullopt;
  return numbers;
}

std::optional<uint64_t> parseLimit(std::string_view text) {
  if (text == "max\n" || text == "max") return std::numeric_limits<uint64_t>::max();
  return parseOneLine(text);
}

std::optional<std::vector<BlockUsage>> parseBlkio(std::string_view text) {
  std::vector<BlockUsage> devices;
  while (!text.empty()) {
    std::string_view rest = take(text, '\n');
    const std::string_view device = takeWord(rest);
    const std::string_view kind = takeWord(rest);
    if (kind != "Read" && kind != "Write") continue;
    const auto bytes = parseNumber<uint64_t>(takeWord(rest));
    BlockUsage* of = deviceIn(devices, device);
    if (!bytes || of == nullptr) return std::nullopt;
    (kind == "Read" ? of->readBytes : of->writeBytes) = *bytes;
  }
  return devices;
}

std::optional<std::vector<BlockLine>> parseBlkioLines(std::string_view text) {
  std::vector<BlockLine> lines;
  while (!text.empty()) {
    std::string_view rest = take(text, '\n');
    const std::string_view first = takeWord(rest);
    // The sum of all devices, in the last line, has none.
    if (first == "Total") continue;
    const auto device = deviceOf(first);
    const std::string_view operation = takeWord(rest);
    const auto value = parseNumber<uint64_t>(takeWord(rest));
    if (!device || !value) return std::nullopt;
    lines.push_back({device->major, device->minor, std::string(operation), *value});
  }
  return lines;
}

std::optional<std::vector<BlockUsage>> parseIoStat(std::string_view text) {
  std::vector<BlockUsage> devices;
  while (!text.empty()) {
    std::string_view rest = take(text, '\n');
    const std::string_view device = takeWord(rest);
    // Devices that were not used, and on some kernels those that are gone, have lines without numbers.
    std::string_view pair = takeWord(rest);
    BlockUsage* of = pair.empty() ? nullptr : deviceIn(devices, device);
    for (; of != nullptr && !pair.empty(); pair = takeWord(rest)) {
      const std::string_view key = take(pair, '=');
      if (key == "rbytes" && !add(pair, of->readBytes)) return std::nullopt;
      if (key == "wbytes" && !add(pair, of->writeBytes)) return std::nullopt;
      if (key == "rios" && !add(pair, of->reads)) return std::nullopt;
      if (key == "wios" && !add(pair, of->writes)) return std::nullopt;
    }
  }
  return devices;
}

std::optional<std::map<std::string, NetworkUsage>> parseNetDev(std::string_view text) {
  std::map<std::string, NetworkUsage> networks;
  take(text, '\n');
  take(text, '\n');
  while (!text.empty()) {
    std::string_view rest = take(text, '\n');
    const size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view label = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
    const std::string_view name = takeWord(label);
    if (name == "lo") continue;
    NetworkUsage& usage = networks[std::string(name)];
    // Received: bytes packets errs drop fifo frame compressed multicast; then sent: bytes packets errs drop.
    const std::array<uint64_t*, 12> columns = {&usage.rxBytes,   &usage.rxPackets, &usage.rxErrors,
                                               &usage.rxDropped, nullptr,          nullptr,
                                               nullptr,          nullptr,          &usage.txBytes,
                                               &usage.txPackets, &usage.txErrors,  &usage.txDropped};
    for (uint64_t* column : columns) {
      uint64_t unused = 0;
      if (!add(takeWord(rest), column ? *column : unused)) return std::nullopt;
    }
  }
  return networks;
}

std::optional<HostCpu> parseProcStat(std::string_view text) {
  constexpr int kColumns = 7;
  HostCpu host;
  std::string_view sums = take(text, '\n');
  if (takeWord(sums) != "cpu") return std::nullopt;
  for (int column = 0; column < kColumns; ++column) {
    if (!add(takeWord(sums), host.ticks)) return std::nullopt;
  }
  while (text.starts_with("cpu")) {
    take(text, '\n');
    ++host.cpus;
  }
  return host;
}

}  // namespace berth::agent
