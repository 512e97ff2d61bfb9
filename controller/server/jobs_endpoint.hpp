// /v1/jobs: what requests about jobs mean.
#pragma once

#include <string>

#include "common/http/message.hpp"
#include "common/http/server.hpp"
#include "controller/server/action_request.hpp"

namespace berth::controller {

/// Whether a path is one of jobs.
bool isJobsPath(const std::string& path);

/// ResourceNotFoundException (404) for a path that there is not, MethodNotAllowedException (405),
/// InvalidParameterException for a query or body that can't be read.
ApiResult<ActionRequest> readJobsRequest(const http::ServerRequest& request, const http::Query& query,
                                         const ecs::Names& names);

/// The answer of an action as it is given: a run that was begun by hand is shown as `state` has it now.
Json jobsAnswer(const ActionRequest& request, Json answer, const State& state, const ecs::Names& names);

}  // namespace berth::controller
