// Which process of this host holds a connection: /proc/net/tcp names the socket, /proc/PID/fd who has it
// open, /proc/PID/cgroup the container.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/endpoints/credentials.hpp"

namespace berth::agent::endpoints {

struct PeerLookupOptions {
  std::string proc = "/proc";
  size_t mostProcesses = 8192;      ///< looked at before it gives up (Unclear)
  size_t mostDescriptors = 131072;  ///< of all of them together
};

/// Safe to call from any thread; reads files only.
class PeerLookup {
 public:
  explicit PeerLookup(PeerLookupOptions options = {}) : options_(std::move(options)) {}

  /// Who holds the sockets that are bound to `address` and one of `ports` each, in the network namespace of
  /// this process, in the ports' order: one pass over the processes for all of them. It needs the right to
  /// see other users' descriptors (root, or CAP_SYS_PTRACE); without, Unclear.
  std::vector<PeerOwner> owners(const std::string& address, const std::vector<uint16_t>& ports) const;

 private:
  /// Of each port; 0 where there is no such socket.
  std::vector<uint64_t> inodesOf(const std::string& address, const std::vector<uint16_t>& ports) const;
  /// Who has them open. Those that nobody has, or that too many had to be looked at for, are missing.
  std::map<uint64_t, int64_t> holdersOf(const std::set<uint64_t>& inodes) const;
  PeerOwner ownerBy(int64_t pid) const;

  const PeerLookupOptions options_;
};

}  // namespace berth::agent::endpoints
