// The agent's own network of tasks: an address each, on a bridge, made without a program.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "agent/network/netlink.hpp"
#include "common/result/result.hpp"

namespace berth::agent::network {

inline constexpr const char* kTaskBridge = "berth1";
inline constexpr const char* kTaskCard = "eth0";           ///< of a task, inside
inline constexpr uint32_t kInstanceMetadata = 0xa9fea9fe;  ///< 169.254.169.254

/// The addresses of one network of IPv4. The first is the host's, the last that of broadcasts.
class AddressPool {
 public:
  /// `subnet`: "10.191.0.0/20"; nullopt for what is none of 8 to 29 bits.
  static std::optional<AddressPool> parse(std::string_view subnet);

  uint32_t gateway() const { return network_ + 1; }
  int bits() const { return bits_; }
  bool has(uint32_t address) const;
  /// `wanted`, if it is free and of this pool, else the next free one behind those that were given out last:
  /// an address is not another task's at once. nullopt: all are taken.
  std::optional<uint32_t> choose(const std::set<uint32_t>& taken, uint32_t wanted = 0);

 private:
  AddressPool(uint32_t network, int bits) : network_(network), bits_(bits) {}

  uint32_t network_;
  int bits_;
  uint32_t last_ = 0;
};

/// "10.191.0.5"; nullopt: it is no address of IPv4.
std::optional<uint32_t> parseIpv4(std::string_view text);
std::string formatIpv4(uint32_t address);
/// A locally administered one that no other address has.
Mac macFor(uint32_t address);

/// What a task is given.
struct TaskLink {
  uint32_t address = 0;
  uint32_t gateway = 0;
  int bits = 0;
  bool closesMetadata = true;  ///< 169.254.169.254 is not to be reached
};

/// The result that a CNI plugin would tell of it.
std::string resultOf(const TaskLink& link, const std::string& path);

/// The name of the host's end of the cable to the task `id`.
std::string cableName(const std::string& id);
/// The bridge with the gateway's address, on a host that forwards. Once it is there it stays.
Status makeTaskBridge(const AddressPool& pool);
/// A namespace at `path` with its loopback and the task's card. What an earlier try has left is taken over
/// from; a failure leaves nothing but what removeTaskLink() takes.
Status makeTaskLink(const std::string& id, const std::string& path, const TaskLink& link);
/// Idempotent.
Status removeTaskLink(const std::string& id, const std::string& path);
/// Whether what makeTaskLink() has made is there.
bool isTaskLinked(const std::string& id, const std::string& path);
/// Closes kInstanceMetadata off in a namespace that others have made.
Status closeMetadata(const std::string& path);

}  // namespace berth::agent::network
