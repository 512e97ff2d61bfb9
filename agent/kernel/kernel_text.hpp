// The formats of the kernel's files; functions of text. nullopt for a text that is not of the format.
#pragma once

#include <cstdint>
#include <map>
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

/// A file of numbers in one line, "12 0 7 \n".
std::optional<std::vector<uint64_t>> parseNumbers(std::string_view text);

/// A file of one number or "max", which reads as the greatest number.
std::optional<uint64_t> parseLimit(std::string_view text);

/// blkio.throttle.io_service_bytes: lines "8:0 Read 4096", a device's lines together.
std::optional<std::vector<BlockUsage>> parseBlkio(std::string_view text);
/// The lines of such a file that are about a device.
std::optional<std::vector<BlockLine>> parseBlkioLines(std::string_view text);
/// io.stat of version 2: lines "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 ...".
std::optional<std::vector<BlockUsage>> parseIoStat(std::string_view text);

/// /proc/PID/net/dev, by interface, without lo.
std::optional<std::map<std::string, NetworkUsage>> parseNetDev(std::string_view text);

/// The host's CPU time, of /proc/stat.
struct HostCpu {
  uint64_t ticks = 0;  ///< user, nice, system, idle, iowait, irq, softirq: what Docker adds up as well
  uint32_t cpus = 0;   ///< online
};
std::optional<HostCpu> parseProcStat(std::string_view text);

}  // namespace berth::agent
