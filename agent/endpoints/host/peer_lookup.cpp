#include "agent/endpoints/host/peer_lookup.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "agent/endpoints/host/proc_net.hpp"
#include "agent/kernel/kernel_file.hpp"
#include "common/text/number.hpp"

namespace berth::agent::endpoints {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

/// Calls visit(name) for each entry until it says true; whether it did.
template <class Visit>
bool anyEntry(const std::string& path, Visit visit) {
  const Folder folder(opendir(path.c_str()));
  if (!folder) return false;
  while (const dirent* entry = readdir(folder.get())) {
    if (visit(entry->d_name)) return true;
  }
  return false;
}

/// 0 for a descriptor that is no socket.
uint64_t socketInode(const std::string& path) {
  constexpr std::string_view kStart = "socket:[";
  char target[64];
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  if (size <= 0) return 0;
  std::string_view text(target, static_cast<size_t>(size));
  if (!text.starts_with(kStart) || !text.ends_with(']')) return 0;
  text = text.substr(kStart.size(), text.size() - kStart.size() - 1);
  return parseNumber<uint64_t>(text).value_or(0);
}

/// Newest first: who calls the task server was most likely started after the host's own daemons.
std::vector<int64_t> processes(const std::string& proc) {
  std::vector<int64_t> out;
  anyEntry(proc, [&](const char* name) {
    if (const auto pid = parseNumber<int64_t>(name)) out.push_back(*pid);
    return false;
  });
  std::ranges::sort(out, std::greater<>());
  return out;
}

}  // namespace

std::vector<uint64_t> PeerLookup::inodesOf(const std::string& address,
                                           const std::vector<uint16_t>& ports) const {
  std::vector<uint64_t> out(ports.size(), 0);
  for (const char* table : {"/net/tcp", "/net/tcp6"}) {
    const auto text = readKernelFile(options_.proc + table);
    if (!text) continue;
    for (size_t at = 0; at < ports.size(); ++at) {
      const auto row = out[at] == 0 ? findSocketRow(*text, address, ports[at]) : std::nullopt;
      if (row) out[at] = row->inode;
    }
  }
  return out;
}

std::map<uint64_t, int64_t> PeerLookup::holdersOf(const std::set<uint64_t>& inodes) const {
  std::map<uint64_t, int64_t> out;
  std::vector<int64_t> pids = processes(options_.proc);
  if (pids.size() > options_.mostProcesses) pids.resize(options_.mostProcesses);
  size_t descriptors = 0;
  for (const int64_t pid : pids) {
    const std::string folder = options_.proc + "/" + std::to_string(pid) + "/fd";
    const bool done = anyEntry(folder, [&](const char* name) {
      if (++descriptors > options_.mostDescriptors) return true;
      const uint64_t inode = socketInode(folder + "/" + name);
      if (inode != 0 && inodes.contains(inode)) out.emplace(inode, pid);
      return out.size() == inodes.size();
    });
    if (done) break;
  }
  return out;
}

PeerOwner PeerLookup::ownerBy(int64_t pid) const {
  const auto cgroup = readKernelFile(options_.proc + "/" + std::to_string(pid) + "/cgroup");
  if (!cgroup) return {PeerOwner::Kind::Unclear, {}};
  std::string dockerId = containerIdInCgroup(*cgroup);
  if (dockerId.empty()) return {PeerOwner::Kind::Host, {}};
  return {PeerOwner::Kind::Container, std::move(dockerId)};
}

std::vector<PeerOwner> PeerLookup::owners(const std::string& address,
                                          const std::vector<uint16_t>& ports) const {
  const std::vector<uint64_t> inodes = inodesOf(address, ports);
  std::set<uint64_t> wanted(inodes.begin(), inodes.end());
  wanted.erase(0);
  const auto holders = wanted.empty() ? std::map<uint64_t, int64_t>() : holdersOf(wanted);
  std::vector<PeerOwner> out;
  for (const uint64_t inode : inodes) {
    const auto holder = holders.find(inode);
    if (inode == 0) {
      out.push_back({PeerOwner::Kind::Elsewhere, {}});
    } else {
      out.push_back(holder == holders.end() ? PeerOwner{PeerOwner::Kind::Unclear, {}}
                                            : ownerBy(holder->second));
    }
  }
  return out;
}

}  // namespace berth::agent::endpoints
