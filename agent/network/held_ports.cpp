#include "agent/network/held_ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace berth::agent::network {
namespace {

constexpr const char* kAllAddresses = "0.0.0.0";

/// A socket that is bound to the host port, or the negated errno of who refused it.
Result<int> boundSocket(const PortMapping& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port.hostPort);
  if (::inet_pton(AF_INET, port.bindIp.c_str(), &address.sin_addr) != 1) {
    return makeError(Code::InvalidArgument, "the host address \"" + port.bindIp + "\" of port " +
                                                std::to_string(port.containerPort) +
                                                " is not one of IPv4, which alone is published");
  }
  if (port.protocol != "tcp" && port.protocol != "udp") {
    return makeError(Code::InvalidArgument, "port " + std::to_string(port.containerPort) +
                                                " is of protocol \"" + port.protocol +
                                                "\": only tcp and udp are published");
  }
  const int type = port.protocol == "udp" ? SOCK_DGRAM : SOCK_STREAM;
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const int fault = errno;
  ::close(fd);
  return -fault;
}

}  // namespace

HeldPorts::~HeldPorts() {
  while (!sockets_.empty()) release(std::string(sockets_.begin()->first));
}

void HeldPorts::release(const std::string& owner) {
  const auto found = sockets_.find(owner);
  if (found == sockets_.end()) return;
  for (const int fd : found->second) ::close(fd);
  sockets_.erase(found);
}

Status HeldPorts::hold(const std::string& owner, const PortMapping& port) {
  const Result<int> fd = boundSocket(port);
  if (!fd) return fd.error();
  if (*fd >= 0) {
    sockets_[owner].push_back(*fd);
    return {};
  }
  const int fault = -*fd;
  const std::string what = fault == EADDRINUSE ? "port is already allocated" : std::strerror(fault);
  return makeError(Code::FailedPrecondition,
                   "Bind for " + port.bindIp + ":" + std::to_string(port.hostPort) + " failed: " + what);
}

Status HeldPorts::choose(const std::string& owner, PortMapping& port) {
  const std::set<uint16_t>& reserved = port.protocol == "udp" ? rules_.reservedUdp : rules_.reservedTcp;
  const uint32_t size = rules_.last - rules_.first + 1U;
  for (uint32_t tried = 0; tried < size; ++tried) {
    if (next_ > rules_.last) next_ = rules_.first;
    port.hostPort = static_cast<uint16_t>(next_++);
    if (reserved.contains(port.hostPort)) continue;
    const Result<int> fd = boundSocket(port);
    if (!fd) return fd.error();
    if (*fd == -EADDRINUSE) continue;
    // Any other refusal is no matter of the port.
    if (*fd < 0) return hold(owner, port);
    sockets_[owner].push_back(*fd);
    return {};
  }
  return makeError(Code::Unavailable, "all host ports from " + std::to_string(rules_.first) + " to " +
                                          std::to_string(rules_.last) +
                                          " are in use: free some, or set dynamic_ports to a wider range");
}

Result<std::vector<PortMapping>> HeldPorts::take(const std::string& owner, std::vector<PortMapping> wishes) {
  for (PortMapping& port : wishes) {
    if (port.bindIp.empty()) port.bindIp = kAllAddresses;
  }
  // Those that are asked for by number come first: they are not to be given away.
  for (const bool fixed : {true, false}) {
    for (PortMapping& port : wishes) {
      const bool dynamic = port.hostPort == 0;
      if (fixed == dynamic) continue;
      if (const Status held = fixed ? hold(owner, port) : choose(owner, port); !held) {
        release(owner);
        return held.error();
      }
    }
  }
  return wishes;
}

std::vector<PortMapping> HeldPorts::takeAgain(const std::string& owner,
                                              const std::vector<PortMapping>& ports) {
  std::vector<PortMapping> lost;
  for (const PortMapping& port : ports) {
    if (!hold(owner, port)) lost.push_back(port);
  }
  return lost;
}

}  // namespace berth::agent::network
