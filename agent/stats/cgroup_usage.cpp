#include "agent/stats/cgroup_usage.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/kernel/kernel_text.hpp"

namespace berth::agent {
namespace {

constexpr uint64_t kNanos = 1'000'000'000;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// Bytes of memory that the host has; 0 when it does not say.
uint64_t hostMemory(const std::string& proc) {
  const auto text = readKernelFile(proc + "/meminfo");
  const auto kibibytes = text ? parseKeyed(*text, "MemTotal:") : std::nullopt;
  return kibibytes.value_or(0) * 1024;
}

}  // namespace

CgroupUsageSource::CgroupUsageSource(KernelRoots roots)
    : roots_(std::move(roots)), memoryBytes_(hostMemory(roots_.proc)) {
  unified_ = exists(roots_.cgroup + "/cgroup.controllers") ? roots_.cgroup : roots_.cgroup + "/unified";
  if (auto stat = KernelFile::open(roots_.proc + "/stat")) stat_.emplace(std::move(*stat));
}

UsageBatch CgroupUsageSource::readAll(const std::vector<UsageTarget>& targets) {
  ++batch_;
  if (!targets.empty()) readHost();
  UsageBatch out{host_, {}};
  out.containers.reserve(targets.size());
  for (const UsageTarget& target : targets) out.containers.push_back(readOne(target));
  std::erase_if(open_, [this](const auto& each) { return each.second.batch != batch_; });
  return out;
}

/// Counters that can't be read stay as they were: they are shown beside a container's use, never without it.
void CgroupUsageSource::readHost() {
  if (!stat_) return;
  const auto text = stat_->readPiece(buffer_);
  const auto host = text ? parseProcStat(*text) : std::nullopt;
  if (!host) return;
  host_.cpuNanos = host->ticks * (kNanos / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK)));
  host_.cpus = host->cpus;
}

Result<SharedUsage> CgroupUsageSource::readOne(const UsageTarget& target) {
  const auto known = open_.find(target.containerId);
  if (known != open_.end() && known->second.pid == target.pid) {
    Result<SharedUsage> usage = known->second.files.read(memoryBytes_, target.ownNetwork, buffer_);
    if (usage) {
      known->second.batch = batch_;
      return usage;
    }
  }
  // New, or started anew: its groups are other ones then.
  open_.erase(target.containerId);
  Result<GroupFiles> files = open(target);
  if (!files) return files.error();
  Result<SharedUsage> usage = files->read(memoryBytes_, target.ownNetwork, buffer_);
  if (usage) open_.emplace(target.containerId, Open{target.pid, batch_, std::move(*files)});
  return usage;
}

Result<GroupFiles> CgroupUsageSource::open(const UsageTarget& target) {
  // The folder first: what is read through it is of this process, whoever gets its number afterwards.
  auto process = KernelFile::open(roots_.proc + "/" + std::to_string(target.pid));
  if (!process) return process.error();
  const auto groups = process->openBelow("cgroup");
  if (!groups) return groups.error();
  const auto text = groups->read();
  if (!text) return text.error();
  const auto lines = parseProcCgroup(*text);
  if (!lines) {
    return makeError(Code::Internal, groups->path() + " is not in the format that the kernel documents");
  }

  std::vector<std::optional<GroupPlace>> places;
  for (const char* controller : {"memory", "cpuacct", "blkio", "pids"}) {
    auto place = placeOf(*lines, target, controller);
    if (!place) return place.error();
    places.push_back(std::move(*place));
  }
  if (!places[0] || !places[1]) {
    return makeError(Code::Internal, groups->path() + " names no group for controller " +
                                         std::string(places[0] ? "cpuacct" : "memory"));
  }
  // A quota is there for people to see: without one the rest is measured all the same.
  auto quota = placeOf(*lines, target, "cpu");
  GroupPlaces found{std::move(*places[0]), std::move(*places[1]), std::move(places[2]), std::move(places[3]),
                    quota ? std::move(*quota) : std::nullopt};
  return GroupFiles::open(std::move(*process), found);
}

/// nullopt: no hierarchy has the controller. `lines`: of the process's file cgroup.
Result<std::optional<GroupPlace>> CgroupUsageSource::placeOf(const std::vector<CgroupLine>& lines,
                                                             const UsageTarget& target,
                                                             const std::string& controller) {
  auto line = std::ranges::find_if(
      lines, [&](const CgroupLine& each) { return std::ranges::count(each.controllers, controller) > 0; });
  const bool v2 = line == lines.end();
  if (v2) line = std::ranges::find_if(lines, [](const CgroupLine& each) { return each.controllers.empty(); });
  if (line == lines.end()) return std::optional<GroupPlace>();
  const std::string group = groupOf(line->path, target.containerId);
  if (group.empty()) {
    return makeError(Code::NotFound,
                     "process " + std::to_string(target.pid) + " is not of container " + target.containerId);
  }
  if (v2) return std::optional(GroupPlace{unified_ + group, true});
  // Co-mounted controllers share a folder "cpu,cpuacct"; links with the single names are optional.
  std::string joined;
  for (const std::string& name : line->controllers) joined += (joined.empty() ? "" : ",") + name;
  std::string& mount = mounts_[controller];
  if (mount.empty()) {
    mount = roots_.cgroup + "/" + joined;
    if (!exists(mount)) mount = roots_.cgroup + "/" + controller;
  }
  return std::optional(GroupPlace{mount + group, false});
}

}  // namespace berth::agent
