// /proc/net/tcp and tcp6; the whole text also as a /proc/PID/cgroup.
#include "agent/endpoints/host/proc_net.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>

#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;
using agent::endpoints::SocketRow;

/// `address` as the kernel prints it.
std::string kernelAddress(const std::string& address) {
  std::array<uint32_t, 4> words{};
  const bool v6 = address.find(':') != std::string::npos;
  fuzz::require(inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), words.data()) == 1,
                "an address is an address", address);
  std::string out;
  for (size_t at = 0; at < (v6 ? words.size() : 1); ++at) {
    char word[9];
    std::snprintf(word, sizeof word, "%08X", words[at]);
    out += word;
  }
  return out;
}

/// The row as the kernel writes it.
std::string kernelRow(const SocketRow& row) {
  char port[5];
  std::snprintf(port, sizeof port, "%04X", row.localPort);
  return "   0: " + kernelAddress(row.localAddress) + ":" + port +
         " 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 " +
         std::to_string(row.inode) + " 1 0000000000000000 20 4 30 10 -1\n";
}

void checkRow(const SocketRow& row, std::string_view table) {
  const std::string written = kernelRow(row);
  const auto again = agent::endpoints::parseSocketRow(written);
  fuzz::require(again && again->localAddress == row.localAddress && again->localPort == row.localPort &&
                    again->inode == row.inode,
                "a row written again is the same", written);
  const std::string whole = "  sl  local_address rem_address\n" + written;
  const auto alone = agent::endpoints::findSocketRow(whole, row.localAddress, row.localPort);
  fuzz::require(alone.has_value() == (row.inode != 0), "a socket that is held is found", written);
  const auto found = agent::endpoints::findSocketRow(table, row.localAddress, row.localPort);
  fuzz::require(!found || (found->localAddress == row.localAddress && found->localPort == row.localPort &&
                           found->inode != 0),
                "what is found is what was asked for", table);
}

void checkContainerId(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::string id = agent::endpoints::containerIdInCgroup(text);
  if (id.empty()) return;
  fuzz::require(id.size() == 64 && id.find_first_not_of(kHex) == std::string::npos, "an id has 64 digits",
                id);
  fuzz::require(agent::endpoints::containerIdInCgroup("0::/docker/" + id + "\n") == id,
                "an id is found in its path", id);
}

}  // namespace

BERTH_FUZZ_TARGET(proc_net) {
  checkContainerId(input);
  std::string_view rest = input;
  while (!rest.empty()) {
    if (const auto row = agent::endpoints::parseSocketRow(fuzz::takeLine(rest))) checkRow(*row, input);
  }
}
