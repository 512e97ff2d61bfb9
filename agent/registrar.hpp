// How the agent becomes, and stays, a container instance of its cluster.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "agent/config/config.hpp"
#include "agent/config/host.hpp"
#include "agent/ports/runtime.hpp"
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

/// Registers this host, as `known` (an ARN) or anew when that is empty, and remembers the ARN and its zone
/// durably. Tries until it succeeds, with back-off and jitter. Errors: NotFound (the controller says that
/// `known` is INACTIVE or that there is no such instance: register anew), FailedPrecondition (refused, and
/// repeating can't help: the program ends with the terminal exit code), Cancelled (stopped).
Async<Result<Registered>> registerHost(RegistrarDeps deps, const Config& config, Host host,
                                       RuntimeInfo runtime, Gpus gpus, std::string known,
                                       std::stop_token stop);

/// The attributes of the first registration.
std::map<std::string, std::string> attributesOf(const Config& config, const RuntimeInfo& runtime,
                                                const Gpus& gpus);

/// Who the agent was, as the labels of its containers tell it: the container instance of this cluster to
/// which the most containers on the host belong, none of those in `without`. Empty when there is none;
/// nullopt when stopped before the runtime answered.
Async<std::optional<std::string>> formerInstance(Runtime& runtime, std::string cluster,
                                                 std::set<std::string> without, Log& log,
                                                 std::stop_token stop);

}  // namespace berth::agent
