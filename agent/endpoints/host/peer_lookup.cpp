#include "agent/endpoints/host/peer_lookup.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "agent/endpoints/host/proc_net.hpp"
#include "agent/stats/kernel_file.hpp"
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

uint64_t PeerLookup::inodeOf(const std::string& address, uint16_t port) const {
  for (const char* table : {"/net/tcp", "/net/tcp6"}) {
    const auto text = readKernelFile(options_.proc + table);
    if (!text) continue;
    if (const auto row = findSocketRow(*text, address, port)) return row->inode;
  }
  return 0;
}

int64_t PeerLookup::holderOf(uint64_t inode) const {
  const std::string wanted = "socket:[" + std::to_string(inode) + "]";
  std::vector<int64_t> pids = processes(options_.proc);
  if (pids.size() > options_.mostProcesses) pids.resize(options_.mostProcesses);
  size_t descriptors = 0;
  for (const int64_t pid : pids) {
    const std::string folder = options_.proc + "/" + std::to_string(pid) + "/fd";
    const bool holds = anyEntry(folder, [&](const char* name) {
      char target[64];
      if (++descriptors > options_.mostDescriptors) return false;
      const ssize_t size = readlink((folder + "/" + name).c_str(), target, sizeof target);
      return size > 0 && std::string_view(target, static_cast<size_t>(size)) == wanted;
    });
    if (holds) return pid;
    if (descriptors > options_.mostDescriptors) return 0;
  }
  return 0;
}

PeerOwner PeerLookup::owner(const std::string& address, uint16_t port) const {
  const uint64_t inode = inodeOf(address, port);
  if (inode == 0) return {PeerOwner::Kind::Elsewhere, {}};
  const int64_t pid = holderOf(inode);
  if (pid == 0) return {PeerOwner::Kind::Unclear, {}};
  const auto cgroup = readKernelFile(options_.proc + "/" + std::to_string(pid) + "/cgroup");
  if (!cgroup) return {PeerOwner::Kind::Unclear, {}};
  std::string dockerId = containerIdInCgroup(*cgroup);
  if (dockerId.empty()) return {PeerOwner::Kind::Host, {}};
  return {PeerOwner::Kind::Container, std::move(dockerId)};
}

}  // namespace berth::agent::endpoints
