// Whether a caller may make a call.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/callers/caller_book.hpp"
#include "controller/callers/needs.hpp"

namespace berth::controller {

/// A call before it is made.
struct CallFacts {
  std::string operation;
  const Json& input;
  std::string sourceAddress;  ///< an IP address without port; empty for a unix socket
  bool tls = false;
};

/// The IP address of "127.0.0.1:41234", "[::1]:41234" or "[::ffff:10.0.0.1]:41234"; empty for "unix".
std::string sourceAddress(const std::string& peer);

/// AccessDeniedException, worded as the service words it, unless the caller may. `needs` is what needsOf says
/// of the call; each of them must be allowed, and what furtherNeedsOf says. InvalidParameterException, as no
/// operation takes that much, when policies would have to judge more than 1,000 resources, or a longer one
/// than an ARN can be.
std::optional<ApiError> authorize(const KnownCaller& caller, const CallFacts& call,
                                  const std::vector<Need>& needs, const ecs::Names& names,
                                  const State& state);

/// Why an agent's key may not make the call; nullopt when it may: DiscoverPollEndpoint,
/// RegisterContainerInstance, DeregisterContainerInstance, SubmitTaskStateChange, SubmitContainerStateChange,
/// SubmitAttachmentStateChanges, UpdateContainerInstancesState, ListTagsForResource, the two websockets
/// (Poll, StartTelemetrySession), all for the instance that `principal` registered and its tasks, and
/// CreateCluster of "default". It has one instance: another registration is refused until that one is
/// INACTIVE, unless it repeats the first (clientToken). What is not known is let through, for the action to
/// say so in the words that agents go by. Source: the calls of amazon-ecs-agent, ecs-agent/api/ecs/client,
/// ecs-agent/acs, ecs-agent/tcs.
std::optional<std::string> notAnAgents(const std::string& principal, const CallFacts& call,
                                       const ecs::Names& names, const State& state);

}  // namespace berth::controller
