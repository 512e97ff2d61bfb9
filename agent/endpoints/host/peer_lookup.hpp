// Which process of this host holds a connection: /proc/net/tcp names the socket, /proc/PID/fd who has it
// open, /proc/PID/cgroup the container.
#pragma once

#include <cstdint>
#include <string>

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

  /// Who holds the socket that is bound to `address`:`port` in the network namespace of this process. It
  /// needs the right to see other users' descriptors (root, or CAP_SYS_PTRACE); without, Unclear.
  PeerOwner owner(const std::string& address, uint16_t port) const;

 private:
  /// 0 when there is no such socket.
  uint64_t inodeOf(const std::string& address, uint16_t port) const;
  /// 0 when no process has it open, or too many had to be looked at.
  int64_t holderOf(uint64_t inode) const;

  const PeerLookupOptions options_;
};

}  // namespace berth::agent::endpoints
