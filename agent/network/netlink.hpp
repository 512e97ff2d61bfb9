// Links, addresses and routes, asked of the kernel in its own protocol (rtnetlink(7)) without a program.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/files/own_fd.hpp"
#include "common/result/result.hpp"

namespace berth::agent::network {

using Mac = std::array<uint8_t, 6>;

/// "0a:58:0a:bf:00:05".
std::string textOf(const Mac& mac);

/// A cable from a bridge of this network to the only card of another.
struct Cable {
  int bridge = 0;      ///< its index
  std::string name;    ///< of the end at the bridge, at most 15 bytes
  std::string inside;  ///< of the other one
  Mac mac{};           ///< likewise
};

/// A socket to the kernel for the network namespace that the thread which opened it was in. Calls block, for
/// far less than a millisecond where the host is not at its limits. Addresses are IPv4's in the host's order.
/// Errors name what was asked for: PermissionDenied without CAP_NET_ADMIN, NotFound for a link that is not
/// there, Internal with the kernel's words.
class Netlink {
 public:
  static Result<Netlink> open();

  /// A bridge that is up; one of that name is left as it is, but for being brought up.
  Status addBridge(const std::string& name, const Mac& mac);
  /// `space`: a descriptor of the other network namespace. The end at the bridge is up; the other can't be
  /// before both are there.
  Status addCable(const Cable& cable, int space);
  Status raise(const std::string& link);
  /// One that it has is success.
  Status addAddress(const std::string& link, uint32_t address, int bits);
  Status addDefaultRoute(const std::string& link, uint32_t gateway);
  /// What is sent there is answered with "no route to host".
  Status closeOff(uint32_t address);
  /// One that is gone is success. With one end of a cable goes the other.
  Status removeLink(const std::string& name);

 private:
  class Message;
  explicit Netlink(OwnFd fd) : fd_(std::move(fd)) {}
  Status ask(Message& message, const std::string& what, int welcome = 0);

  OwnFd fd_;
  uint32_t sequence_ = 0;
};

}  // namespace berth::agent::network
