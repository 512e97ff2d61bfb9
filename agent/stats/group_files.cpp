#include "agent/stats/group_files.hpp"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "agent/kernel/kernel_text.hpp"

namespace berth::agent {
namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kNanosPerSecond = 1'000'000'000;
/// Readings between two looks at the limits: half a minute at one reading a second.
constexpr int kLimitsEvery = 30;

Error senseless(const KernelFile& file) {
  return makeError(Code::Internal, file.path() + " is not in the format that the kernel documents");
}

/// Reads `file` and applies `parse` to its text.
template <class Parse>
auto parsed(const KernelFile& file, std::string& buffer, Parse parse)
    -> Result<typename decltype(parse(std::string_view()))::value_type> {
  const Result<std::string_view> text = file.readPiece(buffer);
  if (!text) return text.error();
  auto value = parse(*text);
  if (!value) return senseless(file);
  return std::move(*value);
}

std::optional<KernelFile> openIfThere(const std::string& path) {
  auto file = KernelFile::open(path);
  return file ? std::optional<KernelFile>(std::move(*file)) : std::nullopt;
}

/// A kernel without the file sets no limit.
Result<uint64_t> limitIn(const std::string& path) {
  const auto file = KernelFile::open(path);
  if (!file) return kUnlimited;
  const auto text = file->read();
  if (!text) return text.error();
  const auto limit = parseLimit(*text);
  if (!limit) return senseless(*file);
  return *limit;
}

/// What of the memory is file cache that costs nothing to give back.
std::optional<uint64_t> reclaimable(const std::map<std::string, uint64_t>& stats, bool v2) {
  for (const char* key : {"inactive_file", "total_cache", "cache"}) {
    if (v2 != (std::string_view(key) == "inactive_file")) continue;
    if (const auto found = stats.find(key); found != stats.end()) return found->second;
  }
  return std::nullopt;
}

struct CpuTimes {
  uint64_t all = 0;
  uint64_t user = 0;
  uint64_t kernel = 0;
};

constexpr uint64_t kNanosPerMicro = 1000;

std::optional<CpuTimes> parseCpuStat(std::string_view text) {
  const auto all = parseKeyed(text, "usage_usec");
  if (!all) return std::nullopt;
  const uint64_t user = parseKeyed(text, "user_usec").value_or(0);
  const uint64_t kernel = parseKeyed(text, "system_usec").value_or(0);
  return CpuTimes{*all * kNanosPerMicro, user * kNanosPerMicro, kernel * kNanosPerMicro};
}

/// cpu.stat of either version; on version 2 without these lines where nothing has a quota.
std::optional<CpuThrottling> parseThrottling(std::string_view text) {
  CpuThrottling out;
  out.periods = parseKeyed(text, "nr_periods").value_or(0);
  out.throttledPeriods = parseKeyed(text, "nr_throttled").value_or(0);
  const auto nanos = parseKeyed(text, "throttled_time");
  out.throttledNanos = nanos ? *nanos : parseKeyed(text, "throttled_usec").value_or(0) * kNanosPerMicro;
  return out;
}

/// cpuacct.stat counts in clock ticks.
std::optional<CpuTimes> parseCpuacctStat(std::string_view text) {
  static const uint64_t nanos = kNanosPerSecond / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto user = parseKeyed(text, "user");
  const auto kernel = parseKeyed(text, "system");
  if (!user || !kernel) return std::nullopt;
  return CpuTimes{0, *user * nanos, *kernel * nanos};
}

}  // namespace

Result<GroupFiles> GroupFiles::open(KernelFile process, const GroupPlaces& places) {
  GroupFiles files(std::move(process));
  if (Status opened = files.openMemory(places.memory); !opened) return opened.error();
  if (Status opened = files.openCpu(places.cpu); !opened) return opened.error();
  if (places.block) files.openBlock(*places.block);
  if (places.pids) files.openPids(*places.pids);
  if (places.quota) files.openQuota(*places.quota);
  return files;
}

Status GroupFiles::openMemory(const GroupPlace& place) {
  auto usage = KernelFile::open(place.folder + (place.v2 ? "/memory.current" : "/memory.usage_in_bytes"));
  if (!usage) return usage.error();
  auto stat = KernelFile::open(place.folder + "/memory.stat");
  if (!stat) return stat.error();
  memory_.emplace(Counter{std::move(*usage), place.v2});
  memoryStat_.emplace(std::move(*stat));
  memoryLimitFile_ = place.folder + (place.v2 ? "/memory.max" : "/memory.limit_in_bytes");
  if (place.v2) return {};
  memoryMost_ = openIfThere(place.folder + "/memory.max_usage_in_bytes");
  memoryFailures_ = openIfThere(place.folder + "/memory.failcnt");
  return {};
}

Status GroupFiles::openCpu(const GroupPlace& place) {
  auto usage = KernelFile::open(place.folder + (place.v2 ? "/cpu.stat" : "/cpuacct.usage"));
  if (!usage) return usage.error();
  cpu_.emplace(Counter{std::move(*usage), place.v2});
  if (place.v2) return {};
  cpuSplit_ = openIfThere(place.folder + "/cpuacct.stat");
  cpuByCpu_ = openIfThere(place.folder + "/cpuacct.usage_percpu");
  return {};
}

void GroupFiles::openBlock(const GroupPlace& place) {
  const auto throttle = [&](const std::string& name) {
    auto file = openIfThere(place.folder + "/blkio.throttle." + name + "_recursive");
    return file ? std::move(file) : openIfThere(place.folder + "/blkio.throttle." + name);
  };
  auto file = place.v2 ? openIfThere(place.folder + "/io.stat") : throttle("io_service_bytes");
  if (file) block_.emplace(Counter{std::move(*file), place.v2});
  if (!place.v2) blockOperations_ = throttle("io_serviced");
}

/// Version 2 has it in the file that tells the CPU time.
void GroupFiles::openQuota(const GroupPlace& place) {
  if (!cpu_->v2) throttling_ = openIfThere(place.folder + "/cpu.stat");
}

void GroupFiles::openPids(const GroupPlace& place) {
  pids_ = openIfThere(place.folder + "/pids.current");
  pidsLimitFile_ = place.folder + "/pids.max";
}

Result<Usage> GroupFiles::read(bool ownNetwork, std::string& buffer) {
  Usage usage;
  if (readings_ % kLimitsEvery == 0) {
    if (Status read = readLimits(); !read) return read.error();
  }
  ++readings_;
  usage.memoryLimitBytes = memoryLimitBytes_;
  usage.pidsLimit = mostPids_;
  if (Status read = readMemory(usage, buffer); !read) return read.error();
  if (Status read = readCpu(usage, buffer); !read) return read.error();
  if (Status read = readBlock(usage, buffer); !read) return read.error();
  if (Status read = readPids(usage, buffer); !read) return read.error();
  if (Status read = readPeaks(usage, buffer); !read) return read.error();
  if (Status read = readThrottling(usage, buffer); !read) return read.error();
  if (!ownNetwork) return usage;
  if (Status read = readNetworks(usage); !read) return read.error();
  return usage;
}

Status GroupFiles::readMemory(Usage& usage, std::string& buffer) const {
  const auto total = parsed(memory_->file, buffer, parseOneLine);
  if (!total) return total.error();
  auto stats = parsed(*memoryStat_, buffer, parseKeyedAll);
  if (!stats) return stats.error();
  const auto cache = reclaimable(*stats, memory_->v2);
  if (!cache) return senseless(*memoryStat_);
  usage.memoryTotalBytes = *total;
  usage.memoryBytes = *total - std::min(*total, *cache);
  usage.memoryStats = std::move(*stats);
  return {};
}

Status GroupFiles::readCpu(Usage& usage, std::string& buffer) const {
  if (cpu_->v2) {
    const auto times = parsed(cpu_->file, buffer, [&](std::string_view text) {
      usage.throttling = *parseThrottling(text);
      return parseCpuStat(text);
    });
    if (!times) return times.error();
    usage.cpuNanos = times->all;
    usage.cpuUserNanos = times->user;
    usage.cpuKernelNanos = times->kernel;
    return {};
  }
  const auto all = parsed(cpu_->file, buffer, parseOneLine);
  if (!all) return all.error();
  usage.cpuNanos = *all;
  if (cpuByCpu_) {
    auto byCpu = parsed(*cpuByCpu_, buffer, parseNumbers);
    if (!byCpu) return byCpu.error();
    usage.cpuNanosByCpu = std::move(*byCpu);
  }
  if (!cpuSplit_) return {};
  const auto times = parsed(*cpuSplit_, buffer, parseCpuacctStat);
  if (!times) return times.error();
  usage.cpuUserNanos = times->user;
  usage.cpuKernelNanos = times->kernel;
  return {};
}

Status GroupFiles::readBlock(Usage& usage, std::string& buffer) const {
  if (!block_) return {};
  auto blocks = parsed(block_->file, buffer, [&](std::string_view text) {
    if (block_->v2) return parseIoStat(text);
    if (auto lines = parseBlkioLines(text)) usage.blockBytes = std::move(*lines);
    return parseBlkio(text);
  });
  if (!blocks) return blocks.error();
  usage.blocks = std::move(*blocks);
  if (!blockOperations_) return {};
  auto operations = parsed(*blockOperations_, buffer, parseBlkioLines);
  if (!operations) return operations.error();
  usage.blockOperations = std::move(*operations);
  return {};
}

Status GroupFiles::readPeaks(Usage& usage, std::string& buffer) const {
  for (const auto& [file, to] : {std::pair(&memoryMost_, &usage.memoryMostBytes),
                                 std::pair(&memoryFailures_, &usage.memoryFailures)}) {
    if (!*file) continue;
    const auto value = parsed(**file, buffer, parseOneLine);
    if (!value) return value.error();
    *to = *value;
  }
  return {};
}

Status GroupFiles::readThrottling(Usage& usage, std::string& buffer) const {
  if (!throttling_) return {};
  const auto throttling = parsed(*throttling_, buffer, parseThrottling);
  if (!throttling) return throttling.error();
  usage.throttling = *throttling;
  return {};
}

Status GroupFiles::readPids(Usage& usage, std::string& buffer) const {
  if (!pids_) return {};
  const auto count = parsed(*pids_, buffer, parseOneLine);
  if (!count) return count.error();
  usage.pids = *count;
  return {};
}

Status GroupFiles::readLimits() {
  const auto memory = limitIn(memoryLimitFile_);
  if (!memory) return memory.error();
  const auto pids = pids_ ? limitIn(pidsLimitFile_) : Result<uint64_t>(kUnlimited);
  if (!pids) return pids.error();
  memoryLimitBytes_ = *memory;
  mostPids_ = *pids == kUnlimited ? std::nullopt : std::optional(*pids);
  return {};
}

/// The file is opened anew each time: an open one would keep the network namespace of a container that has
/// ended. It is not made in one piece.
Status GroupFiles::readNetworks(Usage& usage) const {
  const auto devices = process_.openBelow("net/dev");
  if (!devices) return devices.error();
  const auto text = devices->read();
  if (!text) return text.error();
  usage.networks = parseNetDev(*text);
  return usage.networks ? Status() : Status(senseless(*devices));
}

}  // namespace berth::agent
