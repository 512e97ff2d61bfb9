// What single values of the agent's settings must look like.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::agent {

/// 1 to 65535.
bool isPort(std::string_view text);

struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0;  ///< not below `first`
  bool operator==(const PortRange&) const = default;
};
/// "32768-60999".
std::optional<PortRange> parsePortRange(std::string_view text);
bool isPortRange(std::string_view text);

struct RequestRate {
  int64_t perSecond = 0;
  int64_t burst = 0;
  bool operator==(const RequestRate&) const = default;
};
/// "40,60": both at least 1; blanks around the numbers are fine.
std::optional<RequestRate> parseRequestRate(std::string_view text);
bool isRequestRate(std::string_view text);

struct ListenAddress {
  std::string host;  ///< IPv4
  uint16_t port = 0;
  bool operator==(const ListenAddress&) const = default;
};
/// "127.0.0.1:51678".
std::optional<ListenAddress> parseListenAddress(std::string_view text);
bool isListenAddress(std::string_view text);
/// A ListenAddress in 127.0.0.0/8.
bool isLoopback(std::string_view text);

/// A network of IPv4 for containers, "10.190.0.0/20": a prefix of 8 to 29 bits, and no bit set behind it.
bool isSubnet(std::string_view text);

/// An ECS cluster's name or ARN.
bool isCluster(std::string_view text);
/// An http or https URL.
bool isApi(std::string_view text);
/// "registry=host": what is before and after the sign has no blanks, slashes or further signs.
bool isMirror(std::string_view text);
/// unix:// and an absolute path.
bool isUnixSocket(std::string_view text);

}  // namespace berth::agent
