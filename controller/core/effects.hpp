// What the controller's core asks its surroundings to do. Values only.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "controller/model/state.hpp"
#include "proto/acs/messages.hpp"

namespace berth::controller {

using SessionId = uint64_t;

struct SendEffect {
  SessionId session = 0;
  acs::ToAgent message;
};

/// Ends a session from this side; disconnect() is not called for it any more.
struct CloseEffect {
  SessionId session = 0;
  std::string reason;
};

using Effect = std::variant<SendEffect, CloseEffect>;

/// The outcome of one call of the core. The surroundings make `mutations` durable first; only then do they
/// answer the caller and perform `effects`. Outputs leave in the order in which they were made. When a commit
/// fails they throw the core away and load a new one from the store: nothing that was told is lost, and
/// nothing that was not durable was told.
struct Output {
  Mutations mutations;
  std::vector<Effect> effects;
  std::vector<std::string> lost;  ///< instances whose agents' sessions have ended
};

}  // namespace berth::controller
