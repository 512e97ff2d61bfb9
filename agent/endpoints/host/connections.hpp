// The connections that a server of this process has accepted, seen from outside the server: the library that
// serves them gives away neither their ports nor any limit. They are found among the process's descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/time/clock.hpp"

namespace berth::agent::endpoints {

struct ConnectionLimits {
  Duration silence =
      std::chrono::seconds(40);       ///< without a byte of an answer; more than any request may wait
  uint64_t bytesPerSecond = 4 << 20;  ///< received from one connection
  size_t most = 512;
  size_t mostOfOne = 64;  ///< from one address
};

/// What look() found and did.
struct ConnectionsSeen {
  size_t open = 0;
  size_t cut = 0;
};

/// The connections to one address and port of this process. Not safe to call from several threads at once.
class Connections {
 public:
  /// `address` is the one that the server listens on, plain ("127.0.0.1", "::1", "0.0.0.0").
  Connections(std::string address, uint16_t port, ConnectionLimits limits = {});

  /// Cuts what exceeds the limits, the longest silent first, and keeps the listening socket's receive buffer
  /// small, so that no connection can fill the memory between two looks.
  ConnectionsSeen look(MonoTime now);

 private:
  struct Open;
  using Peer = std::pair<std::string, uint16_t>;

  std::vector<Open> find();

  const std::string address_;
  const uint16_t port_;
  const ConnectionLimits limits_;
  std::map<Peer, uint64_t> received_;  ///< at the last look
  MonoTime looked_{};
};

/// The peers' ports of the connections from `address` to port `port` of this process on which something was
/// sent and nothing answered yet: connections that are idle say nothing about who is asking. A connection that
/// was kept open after an answer is not among them. Safe to call from any thread.
std::vector<uint16_t> peerPorts(uint16_t port, const std::string& address);

}  // namespace berth::agent::endpoints
