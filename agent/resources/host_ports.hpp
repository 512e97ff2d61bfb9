// Free ports of the host, for those that the runtime can't be asked to choose.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "common/result/result.hpp"

namespace berth::agent {

/// First and last port from which dynamic host ports are taken.
using PortSpan = std::pair<uint16_t, uint16_t>;

/// The kernel's range for outgoing connections (/proc/sys/net/ipv4/ip_local_port_range), or 49153 to 65535
/// where it can't be read (amazon-ecs-agent, ecs-agent/utils/ephemeral_ports.go).
PortSpan kernelPortSpan();
/// The middle of a span: Docker hands out the ports of the same range from its start.
uint16_t apartFromDocker(PortSpan span);

class HostPorts {
 public:
  explicit HostPorts(PortSpan span) : HostPorts(span, span.first) {}
  /// Begins at a port inside the span.
  HostPorts(PortSpan span, uint16_t first) : span_(span), next_(first) {}

  /// The first of `count` ports in a row that nobody listens on right now, walking on from the last one that
  /// was given and around once. Unavailable: "N contiguous host ports are unavailable".
  Result<uint16_t> take(uint16_t count, const std::string& protocol);

 private:
  PortSpan span_;
  uint32_t next_;
};

}  // namespace berth::agent
