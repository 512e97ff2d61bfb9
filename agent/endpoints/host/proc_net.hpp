// The formats of /proc/net/tcp and /proc/net/tcp6; functions of text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::agent::endpoints {

struct SocketRow {
  std::string localAddress;  ///< plain: "10.0.0.1", also for an IPv4 address in a row of tcp6
  uint16_t localPort = 0;
  uint64_t inode = 0;  ///< 0: no process holds it any more
};

/// One row; nullopt for the headline and for anything else that is none.
std::optional<SocketRow> parseSocketRow(std::string_view line);

/// The row of the socket that is bound to `address`:`port` and connected; nullopt when there is none. A file
/// of many rows is searched as text, without making a value of each row.
std::optional<SocketRow> findSocketRow(std::string_view table, std::string_view address, uint16_t port);

/// The outermost container id (64 hex digits) in the paths of /proc/PID/cgroup; empty when there is none.
std::string containerIdInCgroup(std::string_view text);

}  // namespace berth::agent::endpoints
