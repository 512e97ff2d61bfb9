#include "agent/resources/host_ports.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

namespace berth::agent {
namespace {

/// Binds where Docker will: on all addresses of IPv4.
bool isFree(uint16_t port, bool udp) {
  const int fd = ::socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

}  // namespace

PortSpan kernelPortSpan() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  uint32_t first = 0;
  uint32_t last = 0;
  if (file >> first >> last && first > 0 && first <= last && last <= 65535) {
    return {static_cast<uint16_t>(first), static_cast<uint16_t>(last)};
  }
  return {49153, 65535};
}

uint16_t apartFromDocker(PortSpan span) {
  return static_cast<uint16_t>(span.first + (span.second - span.first) / 2);
}

Result<uint16_t> HostPorts::take(uint16_t count, const std::string& protocol) {
  const bool udp = protocol == "udp";
  const uint32_t size = span_.second - span_.first + 1U;
  uint32_t row = 0;
  for (uint32_t tried = 0; tried < size + count; ++tried) {
    if (next_ > span_.second) {
      next_ = span_.first;
      row = 0;
    }
    row = isFree(static_cast<uint16_t>(next_), udp) ? row + 1 : 0;
    ++next_;
    if (row == count) return static_cast<uint16_t>(next_ - count);
  }
  return makeError(Code::Unavailable, count == 1
                                          ? std::string("a host port is unavailable")
                                          : std::to_string(count) + " contiguous host ports are unavailable");
}

}  // namespace berth::agent
