// What the host's packet filter needs for the agent's own bridge, once for all containers.
#pragma once

#include <string>
#include <vector>

#include "common/async/async.hpp"
#include "common/result/result.hpp"

namespace berth::agent::network {

/// A network of the agent's own.
struct OwnNetwork {
  std::string bridge;
  std::string subnet;
  bool closesMetadata = false;  ///< 169.254.169.254 is not to be reached from it
};

/// What `iptables-restore --noflush` reads: chains of the agent's own, filled anew. Containers call out under
/// the host's address, and each other under their own; answers and published ports come in, also on a host
/// that forwards nothing else (as Docker leaves one). The plugin portmap lets packets from the bridge that
/// name 127.0.0.0/8 in: of them, only those of published ports pass.
std::string forwardingRules(const std::vector<OwnNetwork>& networks);

/// Makes the rules, and the jumps to them where they are missing; twice is the same as once.
Async<Status> allowForwarding(std::vector<OwnNetwork> networks, std::vector<std::string> environment);

}  // namespace berth::agent::network
