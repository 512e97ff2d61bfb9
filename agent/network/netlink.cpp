#include "agent/network/netlink.hpp"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace berth::agent::network {
namespace {

constexpr size_t kLongestAnswer = 8192;

Status linkFailure(const std::string& what, int fault) {
  Code code = Code::Internal;
  if (fault == EPERM || fault == EACCES) code = Code::PermissionDenied;
  if (fault == ENODEV) code = Code::NotFound;
  return makeError(code, "can't " + what + ": " + std::strerror(fault));
}

int indexOf(const std::string& link) { return static_cast<int>(::if_nametoindex(link.c_str())); }

}  // namespace

std::string textOf(const Mac& mac) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : mac) {
    if (!out.empty()) out += ':';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

/// A request, written front to back; attributes may hold others.
class Netlink::Message {
 public:
  template <class Body>
  Message(uint16_t type, uint16_t flags, const Body& body) {
    nlmsghdr head{};
    head.nlmsg_type = type;
    head.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(&head, sizeof head);
    append(&body, sizeof body);
  }

  void put(uint16_t type, const void* value, size_t size) {
    rtattr head{};
    head.rta_len = static_cast<uint16_t>(RTA_LENGTH(size));
    head.rta_type = type;
    append(&head, sizeof head);
    append(value, size);
  }
  void put(uint16_t type, const std::string& text) { put(type, text.c_str(), text.size() + 1); }
  void put(uint16_t type, int value) { put(type, &value, sizeof value); }
  void put(uint16_t type, const Mac& mac) { put(type, mac.data(), mac.size()); }
  void putAddress(uint16_t type, uint32_t address) {
    const uint32_t wire = htonl(address);
    put(type, &wire, sizeof wire);
  }
  /// What is put until the end of `fill` is within it.
  template <class Fill>
  void nest(uint16_t type, const Fill& fill) {
    const size_t start = bytes_.size();
    put(type, nullptr, 0);
    fill();
    const auto size = static_cast<uint16_t>(bytes_.size() - start);
    std::memcpy(bytes_.data() + start, &size, sizeof size);
  }
  template <class Body>
  void putBody(const Body& body) {
    append(&body, sizeof body);
  }

  std::vector<char>& finish(uint32_t sequence) {
    nlmsghdr head{};
    std::memcpy(&head, bytes_.data(), sizeof head);
    head.nlmsg_len = static_cast<uint32_t>(bytes_.size());
    head.nlmsg_seq = sequence;
    std::memcpy(bytes_.data(), &head, sizeof head);
    return bytes_;
  }

 private:
  void append(const void* value, size_t size) {
    const auto* bytes = static_cast<const char*>(value);
    if (size > 0) bytes_.insert(bytes_.end(), bytes, bytes + size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }

  std::vector<char> bytes_;
};

Result<Netlink> Netlink::open() {
  OwnFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return linkFailure("talk to the kernel about networks", errno).error();
  return Netlink(std::move(fd));
}

/// `welcome`: the fault that means that all is as it was asked for.
Status Netlink::ask(Message& message, const std::string& what, int welcome) {
  const std::vector<char>& request = message.finish(++sequence_);
  if (::send(fd_.get(), request.data(), request.size(), 0) < 0) return linkFailure(what, errno);
  alignas(nlmsghdr) char answer[kLongestAnswer];
  while (true) {
    const ssize_t size = ::recv(fd_.get(), answer, sizeof answer, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return linkFailure(what, errno);
    nlmsghdr head{};
    nlmsgerr error{};
    if (static_cast<size_t>(size) < NLMSG_LENGTH(sizeof error)) continue;
    std::memcpy(&head, answer, sizeof head);
    if (head.nlmsg_type != NLMSG_ERROR || head.nlmsg_seq != sequence_) continue;
    std::memcpy(&error, answer + NLMSG_HDRLEN, sizeof error);
    const int fault = -error.error;
    return fault == 0 || fault == welcome ? Status() : linkFailure(what, fault);
  }
}

Status Netlink::addBridge(const std::string& name, const Mac& mac) {
  ifinfomsg body{};
  body.ifi_flags = body.ifi_change = IFF_UP;
  Message make(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body);
  make.put(IFLA_IFNAME, name);
  // Its own: else it would change with the links that come and go.
  make.put(IFLA_ADDRESS, mac);
  make.nest(IFLA_LINKINFO, [&] { make.put(IFLA_INFO_KIND, std::string("bridge")); });
  if (Status made = ask(make, "make the bridge " + name, EEXIST); !made) return made;
  return raise(name);
}

Status Netlink::raise(const std::string& link) {
  ifinfomsg body{};
  body.ifi_flags = body.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, 0, body);
  message.put(IFLA_IFNAME, link);
  return ask(message, "bring up " + link);
}

Status Netlink::addCable(const Cable& cable, int space) {
  ifinfomsg up{};
  up.ifi_flags = up.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, up);
  message.put(IFLA_IFNAME, cable.name);
  message.put(IFLA_MASTER, cable.bridge);
  message.nest(IFLA_LINKINFO, [&] {
    message.put(IFLA_INFO_KIND, std::string("veth"));
    message.nest(IFLA_INFO_DATA, [&] {
      message.nest(VETH_INFO_PEER, [&] {
        message.putBody(ifinfomsg{});
        message.put(IFLA_IFNAME, cable.inside);
        message.put(IFLA_ADDRESS, cable.mac);
        message.put(IFLA_NET_NS_FD, space);
      });
    });
  });
  return ask(message, "lay the cable " + cable.name);
}

Status Netlink::addAddress(const std::string& link, uint32_t address, int bits) {
  const std::string what = "give " + link + " an address";
  const int index = indexOf(link);
  if (index == 0) return linkFailure(what, ENODEV);
  ifaddrmsg body{};
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = static_cast<uint8_t>(bits);
  body.ifa_index = static_cast<uint32_t>(index);
  Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body);
  message.putAddress(IFA_LOCAL, address);
  message.putAddress(IFA_ADDRESS, address);
  message.putAddress(IFA_BROADCAST, address | (0xffffffffU >> bits));
  return ask(message, what, EEXIST);
}

Status Netlink::addDefaultRoute(const std::string& link, uint32_t gateway) {
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_STATIC;
  body.rtm_scope = RT_SCOPE_UNIVERSE;
  body.rtm_type = RTN_UNICAST;
  Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, body);
  message.putAddress(RTA_GATEWAY, gateway);
  message.put(RTA_OIF, indexOf(link));
  return ask(message, "make a route out by " + link);
}

Status Netlink::closeOff(uint32_t address) {
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_dst_len = 32;
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_STATIC;
  body.rtm_scope = RT_SCOPE_UNIVERSE;
  body.rtm_type = RTN_UNREACHABLE;
  Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, body);
  message.putAddress(RTA_DST, address);
  return ask(message, "close off an address", EEXIST);
}

Status Netlink::removeLink(const std::string& name) {
  Message message(RTM_DELLINK, 0, ifinfomsg{});
  message.put(IFLA_IFNAME, name);
  return ask(message, "remove the link " + name, ENODEV);
}

}  // namespace berth::agent::network
