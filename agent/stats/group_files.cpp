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
/// Readings between two that read all files, limits among them: half a minute at one reading a second. What
/// neither CPU time nor the size of memory gives away is seen then, such as a shift between kinds of memory.
constexpr int kAllEvery = 30;
/// Readings, less one, for which a container that does not run is left alone: what comes to it from
/// elsewhere, such as packets that the kernel itself answers, or memory taken from it, is seen then.
constexpr int kLongestRest = 10;

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
std::optional<uint64_t> reclaimable(std::string_view stats, bool v2) {
  if (v2) return parseKeyed(stats, "inactive_file");
  const auto total = parseKeyed(stats, "total_cache");
  return total ? total : parseKeyed(stats, "cache");
}

constexpr uint64_t kNanosPerMicro = 1000;

/// cpu.stat of either version; on version 2 without these lines where nothing has a quota.
CpuThrottling parseThrottling(std::string_view text) {
  CpuThrottling out;
  out.periods = parseKeyed(text, "nr_periods").value_or(0);
  out.throttledPeriods = parseKeyed(text, "nr_throttled").value_or(0);
  const auto nanos = parseKeyed(text, "throttled_time");
  out.throttledNanos = nanos ? *nanos : parseKeyed(text, "throttled_usec").value_or(0) * kNanosPerMicro;
  return out;
}

struct CpuSplit {
  uint64_t user = 0;  ///< nanoseconds
  uint64_t kernel = 0;
};

/// cpuacct.stat counts in clock ticks.
std::optional<CpuSplit> parseCpuacctStat(std::string_view text) {
  static const uint64_t nanos = kNanosPerSecond / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto user = parseKeyed(text, "user");
  const auto kernel = parseKeyed(text, "system");
  if (!user || !kernel) return std::nullopt;
  return CpuSplit{*user * nanos, *kernel * nanos};
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

Result<SharedUsage> GroupFiles::read(uint64_t hostMemory, bool ownNetwork, std::string& buffer) {
  const bool all = readings_++ % kAllEvery == 0;
  const auto cpu = cpuNanos(buffer);
  if (!cpu) return cpu.error();
  const bool ran = all || *cpu != last_->cpuNanos;
  if (!ran && quiet_ && ++rested_ < kLongestRest) return last_;
  rested_ = 0;
  if (all) {
    if (Status read = readLimits(); !read) return read.error();
  }
  const auto usage = last_ ? std::make_shared<Usage>(*last_) : std::make_shared<Usage>();
  usage->cpuNanos = *cpu;
  usage->memoryLimitBytes = hostMemory > 0 ? std::min(memoryLimitBytes_, hostMemory) : memoryLimitBytes_;
  usage->pidsLimit = mostPids_;
  if (Status read = readRest(*usage, ran, all, ownNetwork, buffer); !read) return read.error();
  quiet_ = !ran && usage->memoryTotalBytes == last_->memoryTotalBytes && usage->blocks == last_->blocks &&
           usage->networks == last_->networks;
  if (!quiet_) last_ = usage;
  return last_;
}

Status GroupFiles::readRest(Usage& usage, bool ran, bool all, bool ownNetwork, std::string& buffer) {
  if (Status read = readMemory(usage, all, buffer); !read) return read;
  if (ran) {
    // Who begins or ends a process has run.
    if (Status read = readPids(usage, buffer); !read) return read;
    if (Status read = readCpuDetails(usage, buffer); !read) return read;
  }
  if (Status read = readBlock(usage, all, buffer); !read) return read;
  return ownNetwork ? readNetworks(usage, buffer) : Status();
}

Status GroupFiles::readMemory(Usage& usage, bool all, std::string& buffer) const {
  const auto total = parsed(memory_->file, buffer, parseOneLine);
  if (!total) return total.error();
  if (!all && *total == usage.memoryTotalBytes) return {};
  usage.memoryTotalBytes = *total;
  return readMemoryDetails(usage, buffer);
}

Status GroupFiles::readMemoryDetails(Usage& usage, std::string& buffer) const {
  const auto stats = memoryStat_->readPiece(buffer);
  if (!stats) return stats.error();
  const auto cache = reclaimable(*stats, memory_->v2);
  if (!cache) return senseless(*memoryStat_);
  usage.memoryBytes = usage.memoryTotalBytes - std::min(usage.memoryTotalBytes, *cache);
  usage.memoryStats = std::make_shared<const std::string>(*stats);
  for (const auto& [file, to] : {std::pair(&memoryMost_, &usage.memoryMostBytes),
                                 std::pair(&memoryFailures_, &usage.memoryFailures)}) {
    if (!*file) continue;
    const auto value = parsed(**file, buffer, parseOneLine);
    if (!value) return value.error();
    *to = *value;
  }
  return {};
}

Result<uint64_t> GroupFiles::cpuNanos(std::string& buffer) const {
  if (!cpu_->v2) return parsed(cpu_->file, buffer, parseOneLine);
  const auto micros = parsed(cpu_->file, buffer, [](auto text) { return parseKeyed(text, "usage_usec"); });
  return micros ? Result<uint64_t>(*micros * kNanosPerMicro) : micros.error();
}

/// Version 2 has it all in one file.
Status GroupFiles::readUnified(Usage& usage, std::string& buffer) const {
  const auto text = cpu_->file.readPiece(buffer);
  if (!text) return text.error();
  usage.throttling = parseThrottling(*text);
  usage.cpuUserNanos = parseKeyed(*text, "user_usec").value_or(0) * kNanosPerMicro;
  usage.cpuKernelNanos = parseKeyed(*text, "system_usec").value_or(0) * kNanosPerMicro;
  return {};
}

Status GroupFiles::readCpuDetails(Usage& usage, std::string& buffer) const {
  if (cpu_->v2) return readUnified(usage, buffer);
  if (cpuByCpu_) {
    auto byCpu = parsed(*cpuByCpu_, buffer, parseNumbers);
    if (!byCpu) return byCpu.error();
    usage.cpuNanosByCpu = std::move(*byCpu);
  }
  if (cpuSplit_) {
    const auto times = parsed(*cpuSplit_, buffer, parseCpuacctStat);
    if (!times) return times.error();
    usage.cpuUserNanos = times->user;
    usage.cpuKernelNanos = times->kernel;
  }
  if (!throttling_) return {};
  const auto text = throttling_->readPiece(buffer);
  if (!text) return text.error();
  usage.throttling = parseThrottling(*text);
  return {};
}

Status GroupFiles::readBlock(Usage& usage, bool all, std::string& buffer) const {
  if (!block_) return {};
  auto blocks = parsed(block_->file, buffer, [&](std::string_view text) {
    if (block_->v2) return parseIoStat(text);
    if (auto lines = parseBlkioLines(text)) usage.blockBytes = std::move(*lines);
    return parseBlkio(text);
  });
  if (!blocks) return blocks.error();
  const bool changed = usage.blocks != *blocks;
  usage.blocks = std::move(*blocks);
  if (!blockOperations_ || (!all && !changed)) return {};
  auto operations = parsed(*blockOperations_, buffer, parseBlkioLines);
  if (!operations) return operations.error();
  usage.blockOperations = std::move(*operations);
  return {};
}

Status GroupFiles::readPids(Usage& usage, std::string& buffer) const {
  if (!pids_) return {};
  const auto count = parsed(*pids_, buffer, parseOneLine);
  if (!count) return count.error();
  usage.pids = *count;
  // An ended process's group may stay for long where the runtime hangs, and its network must not stay with
  // it.
  return *count > 0 ? Status() : Status(makeError(Code::NotFound, pids_->path() + ": no process is left"));
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

/// To open the file costs more than all the rest of a reading.
Status GroupFiles::readNetworks(Usage& usage, std::string& buffer) {
  if (!networks_) {
    auto devices = process_.openBelow("net/dev");
    if (!devices) return devices.error();
    networks_.emplace(std::move(*devices));
  }
  auto devices = networks_->readInto(buffer);
  if (!devices) return devices.error();
  usage.networks = parseNetDev(*devices);
  return usage.networks ? Status() : Status(senseless(*networks_));
}

}  // namespace berth::agent
