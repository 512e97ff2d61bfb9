// Host ports of containers, held so that no other process of the host is given them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "common/result/result.hpp"

namespace berth::agent::network {

struct PortRules {
  uint16_t first = 49153;  ///< dynamic ones are taken from this span
  uint16_t last = 65535;
  std::set<uint16_t> reservedTcp;  ///< that are never chosen
  std::set<uint16_t> reservedUdp;
};

/// A port is held by a socket that is bound and does nothing else, as long as its owner has it: packets to it
/// are led to the container before any socket is looked for. So whoever else wants the port is told that it
/// is in use, as with Docker's proxy.
class HeldPorts {
 public:
  explicit HeldPorts(PortRules rules) : rules_(std::move(rules)), next_(rules_.first) {}
  ~HeldPorts();
  HeldPorts(const HeldPorts&) = delete;
  HeldPorts& operator=(const HeldPorts&) = delete;

  /// Holds the host ports of `wishes` for `owner`, choosing those that are 0; the same mappings with their
  /// host ports, and "0.0.0.0" where they are bound to all addresses. All of them or none.
  /// FailedPrecondition, in Docker's words, for a port that is in use; InvalidArgument for an address that is
  /// none of IPv4; Unavailable when the span has no free port.
  Result<std::vector<PortMapping>> take(const std::string& owner, std::vector<PortMapping> wishes);
  /// Holds what a former run of the agent held; those that are somebody else's now are the answer.
  std::vector<PortMapping> takeAgain(const std::string& owner, const std::vector<PortMapping>& ports);
  void release(const std::string& owner);

 private:
  Status hold(const std::string& owner, const PortMapping& port);
  Status choose(const std::string& owner, PortMapping& port);

  PortRules rules_;
  uint32_t next_;
  std::map<std::string, std::vector<int>> sockets_;  ///< by owner
};

}  // namespace berth::agent::network
