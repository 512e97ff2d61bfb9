// The formats of the kernel's files; functions of text. nullopt for a text that is not of the format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ports/usage.hpp"

namespace berth::agent {

/// One line of /proc/PID/cgroup, "4:cpu,cpuacct:/docker/ID". The unified hierarchy has no controllers.
struct CgroupLine {
  std::vector<std::string> controllers;
  std::string path;
};
std::optional<std::vector<CgroupLine>> parseProcCgroup(std::string_view text);

/// A file of one number, "4096\n".
std::optional<uint64_t> parseOneLine(std::string_view text);

/// The number behind `key` in a file of "KEY NUMBER" lines (memory.stat, cpu.stat).
std::optional<uint64_t> parseKeyed(std::string_view text, std::string_view key);

struct BlockBytes {
  uint64_t read = 0;
  uint64_t written = 0;
};
/// blkio.throttle.io_service_bytes: "8:0 Read 4096", summed over the devices.
std::optional<BlockBytes> parseBlkio(std::string_view text);
/// io.stat of version 2: "8:0 rbytes=4096 wbytes=0 ...", summed over the devices.
std::optional<BlockBytes> parseIoStat(std::string_view text);

/// /proc/PID/net/dev, summed over the interfaces but lo.
std::optional<NetworkUsage> parseNetDev(std::string_view text);

}  // namespace berth::agent
