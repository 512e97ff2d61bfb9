// How the agent becomes, and stays, a container instance of its cluster.
#pragma once

#include <optional>
#include <stop_token>

#include "agent/config/config.hpp"
#include "agent/config/host.hpp"
#include "agent/resources/gpus.hpp"
#include "agent/session/control_plane.hpp"
#include "common/store/store.hpp"

namespace berth::agent {

struct RegistrarDeps {
  ControlPlane& controlPlane;
  Store& store;
  const Clock& clock;
  Random& random;
  Log& log;
};

/// Registers this host, as `known` (an ARN) or anew when that is empty, and remembers the ARN durably. Tries
/// until it succeeds, with back-off. The Error, if any, is one that repeating can't
/// help: the program ends with the terminal exit code; Cancelled when stopped.
Async<Result<std::string>> registerHost(RegistrarDeps deps, const Config& config, Host host,
                                        RuntimeInfo runtime, Gpus gpus, std::string known,
                                        std::stop_token stop);

}  // namespace berth::agent
