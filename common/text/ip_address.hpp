// IP addresses as values.
#pragma once

#include <arpa/inet.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

struct IpAddress {
  std::array<uint8_t, 16> bytes{};  ///< in network order; of IPv4 the first four
  bool v6 = false;

  size_t bits() const { return v6 ? 128 : 32; }
  auto operator<=>(const IpAddress&) const = default;
};

/// "10.0.0.5" or "fd00::5"; nullopt for anything else, also with brackets, a port, a prefix or a zone.
inline std::optional<IpAddress> parseIpAddress(std::string_view text) {
  const std::string whole(text);
  IpAddress out;
  if (::inet_pton(AF_INET, whole.c_str(), out.bytes.data()) == 1) return out;
  out.v6 = true;
  if (::inet_pton(AF_INET6, whole.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

/// The inverse: lower case, and IPv6 as short as it can be.
inline std::string toString(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  ::inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), out.data(), out.size());
  return out.data();
}

}  // namespace berth
