// What `runtime.kind: auto` goes by: what this host has, and what the agent has used here before.
#pragma once

#include <optional>
#include <string>

#include "common/result/result.hpp"

namespace berth::agent {

struct RuntimeSite {
  std::string containerd;  ///< path of its socket
  std::string plugins;     ///< the folder of CNI's plugins; empty: a list of the user's own names them
};

/// Why containerd can't run tasks of all kinds here (it does not answer, a plugin or a right is missing);
/// ok when it can.
Status containerdReady(const RuntimeSite& site);

/// "docker" or "containerd", as the agent of this data_dir has worked with before: DATA/runtime.
std::optional<std::string> usedRuntime(const std::string& dataDir);
Status rememberRuntime(const std::string& dataDir, const std::string& kind);

}  // namespace berth::agent
