#include "agent/stats/cgroup_usage.hpp"

#include <unistd.h>

#include <algorithm>

#include "agent/kernel/kernel_text.hpp"

namespace berth::agent {
namespace {

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Error senseless(const KernelFile& file) {
  return makeError(Code::Internal, file.path() + " is not in the format that the kernel documents");
}

/// Reads `file` and applies `parse` to its text.
template <class Parse>
auto parsed(const KernelFile& file, Parse parse)
    -> Result<typename decltype(parse(std::string_view()))::value_type> {
  const Result<std::string> text = file.read();
  if (!text) return text.error();
  auto value = parse(std::string_view(*text));
  if (!value) return senseless(file);
  return *value;
}

/// What of the memory is file cache that costs nothing to give back.
std::optional<uint64_t> reclaimable(std::string_view stat, bool v2) {
  if (v2) return parseKeyed(stat, "inactive_file");
  const auto total = parseKeyed(stat, "total_cache");
  return total ? total : parseKeyed(stat, "cache");
}

}  // namespace

CgroupUsageSource::CgroupUsageSource(KernelRoots roots) : roots_(std::move(roots)) {
  unified_ = exists(roots_.cgroup + "/cgroup.controllers") ? roots_.cgroup : roots_.cgroup + "/unified";
}

Result<Usage> CgroupUsageSource::read(const UsageTarget& target) {
  const auto known = groups_.find(target.containerId);
  if (known != groups_.end() && known->second.pid == target.pid) {
    Result<Usage> usage = measure(known->second, target);
    if (usage) return usage;
  }
  // New, or started anew: its groups are other ones then.
  forget(target.containerId);
  Result<Group> group = open(target);
  if (!group) return group.error();
  Result<Usage> usage = measure(*group, target);
  if (usage) groups_.emplace(target.containerId, std::move(*group));
  return usage;
}

Result<std::vector<CgroupUsageSource::Place>> CgroupUsageSource::places(
    const UsageTarget& target, const std::vector<std::string>& controllers) const {
  const std::string file = roots_.proc + "/" + std::to_string(target.pid) + "/cgroup";
  const Result<std::string> text = readKernelFile(file);
  if (!text) return text.error();
  const auto lines = parseProcCgroup(*text);
  if (!lines) return makeError(Code::Internal, file + " is not in the format that the kernel documents");

  std::vector<Place> out;
  for (const std::string& controller : controllers) {
    const auto of = [&](const CgroupLine& line) {
      return std::ranges::count(line.controllers, controller) > 0;
    };
    auto line = std::ranges::find_if(*lines, of);
    const bool v2 = line == lines->end();
    if (v2)
      line = std::ranges::find_if(*lines, [](const CgroupLine& each) { return each.controllers.empty(); });
    if (line == lines->end()) {
      return makeError(Code::Internal, file + " names no group for controller " + controller);
    }
    const std::string group = groupOf(line->path, target.containerId);
    if (group.empty()) {
      return makeError(Code::NotFound, "process " + std::to_string(target.pid) + " is not of container " +
                                           target.containerId);
    }
    std::string mount = unified_;
    if (!v2) {
      // Co-mounted controllers share a folder "cpu,cpuacct"; links with the single names are optional.
      std::string joined;
      for (const std::string& name : line->controllers) joined += (joined.empty() ? "" : ",") + name;
      mount = roots_.cgroup + "/" + joined;
      if (!exists(mount)) mount = roots_.cgroup + "/" + controller;
    }
    out.push_back(Place{mount + group, v2});
  }
  return out;
}

Result<CgroupUsageSource::Group> CgroupUsageSource::open(const UsageTarget& target) const {
  const auto found = places(target, {"memory", "cpuacct", "blkio"});
  if (!found) return found.error();
  const Place& memoryAt = found->at(0);
  const Place& cpuAt = found->at(1);
  const Place& blockAt = found->at(2);

  auto memory =
      KernelFile::open(memoryAt.folder + (memoryAt.v2 ? "/memory.current" : "/memory.usage_in_bytes"));
  if (!memory) return memory.error();
  auto memoryStat = KernelFile::open(memoryAt.folder + "/memory.stat");
  if (!memoryStat) return memoryStat.error();
  auto cpu = KernelFile::open(cpuAt.folder + (cpuAt.v2 ? "/cpu.stat" : "/cpuacct.usage"));
  if (!cpu) return cpu.error();
  Group group{.pid = target.pid,
              .memoryV2 = memoryAt.v2,
              .cpuV2 = cpuAt.v2,
              .memory = std::move(*memory),
              .memoryStat = std::move(*memoryStat),
              .cpu = std::move(*cpu),
              .block = std::nullopt};

  group.blockV2 = blockAt.v2;
  const std::string throttle = blockAt.folder + "/blkio.throttle.io_service_bytes";
  auto block = KernelFile::open(blockAt.v2 ? blockAt.folder + "/io.stat" : throttle + "_recursive");
  if (!block && !blockAt.v2) block = KernelFile::open(throttle);
  if (block) group.block.emplace(std::move(*block));
  return group;
}

Result<Usage> CgroupUsageSource::measure(const Group& group, const UsageTarget& target) const {
  Usage usage;
  const auto memory = parsed(group.memory, parseOneLine);
  if (!memory) return memory.error();
  const auto cache =
      parsed(group.memoryStat, [&](std::string_view text) { return reclaimable(text, group.memoryV2); });
  if (!cache) return cache.error();
  usage.memoryBytes = *memory - std::min(*memory, *cache);

  const auto cpu = parsed(group.cpu, [&](std::string_view text) {
    return group.cpuV2 ? parseKeyed(text, "usage_usec") : parseOneLine(text);
  });
  if (!cpu) return cpu.error();
  usage.cpuNanos = group.cpuV2 ? *cpu * 1000 : *cpu;

  if (group.block) {
    const auto bytes = parsed(*group.block, group.blockV2 ? parseIoStat : parseBlkio);
    if (!bytes) return bytes.error();
    usage.readBytes = bytes->read;
    usage.writeBytes = bytes->written;
  }
  if (!target.ownNetwork) return usage;
  // Not kept open: an open one would keep the network namespace of a container that has ended.
  const auto devices = KernelFile::open(roots_.proc + "/" + std::to_string(target.pid) + "/net/dev");
  if (!devices) return devices.error();
  const auto network = parsed(*devices, parseNetDev);
  if (!network) return network.error();
  usage.network = *network;
  return usage;
}

}  // namespace berth::agent
