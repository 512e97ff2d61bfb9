// Placement as the API speaks of it: constraints and strategies of requests and definitions, and failures.
#pragma once

#include "controller/api/context.hpp"
#include "controller/scheduler/scheduler.hpp"

namespace berth::controller {

/// The rule that a definition's own placementConstraints break; nullopt when they keep all.
std::optional<std::string> brokenConstraints(const Json& constraints);

/// What a definition asks of hosts.
ApiResult<PlacementRequest> placementOfDefinition(const Json& document);
/// `request` with what `input` adds, as below.
ApiResult<PlacementRequest> withWishes(PlacementRequest request, const Json& input);

/// What a launch asks of the scheduler. `input` is RunTask's or StartTask's, `document` the definition's.
/// InvalidParameterException for constraints and strategies that make no sense (Amazon ECS API Reference:
/// PlacementConstraint, PlacementStrategy).
ApiResult<PlacementRequest> placementOf(const Json& input, const Json& document, const std::string& cluster,
                                        const std::string& group, const Resources& ask);

/// The request asks for hosts of a capacity provider.
void narrowTo(PlacementRequest& request, const std::string& provider);

/// What a task that waits asks of the scheduler, as its launch did. Its definition must be in the state.
ApiResult<PlacementRequest> placementOf(const State& state, const TaskSpec& spec);

/// failures[] for copies that found no place: instances with their reasons, at most 100 of them, each with
/// its own numbers and how many failed which test.
Json placementFailures(const Context& context, const PlacementRequest& request,
                       const std::vector<Fleet::Slot>& placed);

/// failures[] of one instance.
Json placementFailure(const Context& context, const PlacementRequest& request, const Unplaced& unplaced);

}  // namespace berth::controller
