// What RunTask and StartTask share: checking the request and making tasks.
#pragma once

#include "controller/api/placement.hpp"

namespace berth::controller {

/// A checked request to launch tasks.
struct Launch {
  const Cluster* cluster = nullptr;
  const TaskDefinition* definition = nullptr;
  Json document;  ///< of the definition, with the request's overrides in it
  Resources resources;
  PlacementRequest placement;
};

/// A definition's network mode and the networkConfiguration of `input` must go together.
std::optional<ApiError> checkNetwork(const Json& input, const Json& document);

/// Resolves and checks what both operations take. Errors are those of RunTask in the Amazon ECS API
/// Reference.
ApiResult<Launch> prepareLaunch(const Context& context);

/// Makes a PENDING task on an instance and stages it.
Task launchOn(Context& context, const Launch& launch, const std::string& instanceId);

}  // namespace berth::controller
