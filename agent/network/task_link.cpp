#include "agent/network/task_link.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/network/net_namespace.hpp"
#include "common/files/own_fd.hpp"
#include "common/text/number.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::network {
namespace {

constexpr int kFewestBits = 8;
constexpr int kMostBits = 29;
constexpr const char* kForwards = "/proc/sys/net/ipv4/ip_forward";

Status letForward() {
  const OwnFd file(::open(kForwards, O_RDWR | O_CLOEXEC));
  char now = '0';
  if (file && ::read(file.get(), &now, 1) == 1 && now != '0') return {};
  if (file && ::pwrite(file.get(), "1", 1, 0) == 1) return {};
  return makeError(Code::Internal, std::string("can't write ") + kForwards + ": " + std::strerror(errno));
}

/// In the task's namespace.
Status furnish(Netlink& host, const Cable& cable, const TaskLink& link) {
  const OwnFd space(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!space) return makeError(Code::Internal, "can't open the network namespace of a task");
  auto inside = Netlink::open();
  if (!inside) return inside.error();
  if (Status laid = host.addCable(cable, space.get()); !laid) return laid;
  if (Status raised = inside->raise(kTaskCard); !raised) return raised;
  if (Status given = inside->addAddress(kTaskCard, link.address, link.bits); !given) return given;
  if (Status led = inside->addDefaultRoute(kTaskCard, link.gateway); !led) return led;
  return link.closesMetadata ? inside->closeOff(kInstanceMetadata) : Status();
}

}  // namespace

std::optional<uint32_t> parseIpv4(std::string_view text) {
  uint32_t out = 0;
  for (int part = 0; part < 4; ++part) {
    const size_t end = part < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos) return std::nullopt;
    const auto number = parseNumber<uint8_t>(text.substr(0, end));
    if (!number) return std::nullopt;
    out = out << 8 | *number;
    text.remove_prefix(part < 3 ? end + 1 : end);
  }
  return out;
}

std::string formatIpv4(uint32_t address) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += std::to_string(address >> shift & 255);
    if (shift > 0) out += '.';
  }
  return out;
}

Mac macFor(uint32_t address) {
  return {0x0a,
          0x58,
          static_cast<uint8_t>(address >> 24),
          static_cast<uint8_t>(address >> 16),
          static_cast<uint8_t>(address >> 8),
          static_cast<uint8_t>(address)};
}

std::optional<AddressPool> AddressPool::parse(std::string_view subnet) {
  const size_t slash = subnet.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto network = parseIpv4(subnet.substr(0, slash));
  const auto bits = parseNumber<uint8_t>(subnet.substr(slash + 1));
  if (!network || !bits || *bits < kFewestBits || *bits > kMostBits) return std::nullopt;
  if ((*network & (0xffffffffU >> *bits)) != 0) return std::nullopt;
  return AddressPool(*network, *bits);
}

bool AddressPool::has(uint32_t address) const {
  const uint32_t broadcast = network_ | (0xffffffffU >> bits_);
  return address > gateway() && address < broadcast;
}

std::optional<uint32_t> AddressPool::choose(const std::set<uint32_t>& taken, uint32_t wanted) {
  if (has(wanted) && !taken.contains(wanted)) return wanted;
  const uint32_t first = gateway() + 1;
  const uint32_t count = (0xffffffffU >> bits_) - 2;
  const uint32_t start = has(last_) ? last_ - first + 1 : 0;
  for (uint32_t step = 0; step < count; ++step) {
    const uint32_t candidate = first + (start + step) % count;
    if (!taken.contains(candidate)) return last_ = candidate;
  }
  return std::nullopt;
}

std::string resultOf(const TaskLink& link, const std::string& path) {
  nlohmann::json card = {{"name", kTaskCard}, {"mac", textOf(macFor(link.address))}, {"sandbox", path}};
  nlohmann::json address = {{"address", formatIpv4(link.address) + "/" + std::to_string(link.bits)},
                            {"gateway", formatIpv4(link.gateway)},
                            {"interface", 0}};
  nlohmann::json out = {{"cniVersion", "1.0.0"}};
  out["interfaces"] = nlohmann::json::array({std::move(card)});
  out["ips"] = nlohmann::json::array({std::move(address)});
  return berth::json::dump(out);
}

std::string cableName(const std::string& id) {
  // The end of an id is what differs most: it may begin with the time.
  constexpr size_t kDigits = 11;
  return "btsk" + (id.size() > kDigits ? id.substr(id.size() - kDigits) : id);
}

Status makeTaskBridge(const AddressPool& pool) {
  auto host = Netlink::open();
  if (!host) return host.error();
  if (Status made = host->addBridge(kTaskBridge, macFor(pool.gateway())); !made) return made;
  if (Status given = host->addAddress(kTaskBridge, pool.gateway(), pool.bits()); !given) return given;
  return letForward();
}

Status makeTaskLink(const std::string& id, const std::string& path, const TaskLink& link) {
  auto host = Netlink::open();
  if (!host) return host.error();
  if (::if_nametoindex(cableName(id).c_str()) != 0) {
    if (Status removed = host->removeLink(cableName(id)); !removed) return removed;
  }
  // By its index: names are those of the network that a thread is in.
  const Cable cable{static_cast<int>(::if_nametoindex(kTaskBridge)), cableName(id), kTaskCard,
                    macFor(link.address)};
  return makeNamespace(path, [&] { return furnish(*host, cable, link); });
}

Status removeTaskLink(const std::string& id, const std::string& path) {
  auto host = Netlink::open();
  if (!host) return host.error();
  // Also when a process is left in the namespace, the address is free then.
  if (Status removed = host->removeLink(cableName(id)); !removed) return removed;
  return removeNamespace(path);
}

bool isTaskLinked(const std::string& id, const std::string& path) {
  return isNamespace(path) && ::if_nametoindex(cableName(id).c_str()) != 0;
}

Status closeMetadata(const std::string& path) {
  return inNamespace(path, [] {
    auto inside = Netlink::open();
    return inside ? inside->closeOff(kInstanceMetadata) : Status(inside.error());
  });
}

}  // namespace berth::agent::network
