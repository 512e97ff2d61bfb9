// /v1/jobs: what requests about jobs mean.
#pragma once

#include <string>

#include "common/http/message.hpp"
#include "common/http/server.hpp"
#include "controller/api/context.hpp"

namespace berth::controller {

/// A request about jobs that was understood.
struct JobsRequest {
  ApiResult<Json> (*action)(Context&) = nullptr;
  std::string operation;  ///< as policies know it: "berth:PutJob"
  std::string resource;   ///< the job's ARN, the cluster's, or "*"
  Json input;             ///< of the action
  bool changes = false;
  Json launch;  ///< the input of RunTask that its runs will have, when it says one; else null
};

/// Whether a path is one of jobs.
bool isJobsPath(const std::string& path);

/// ResourceNotFoundException (404) for a path that there is not, MethodNotAllowedException (405),
/// InvalidParameterException for a query or body that can't be read.
ApiResult<JobsRequest> readJobsRequest(const http::ServerRequest& request, const http::Query& query,
                                       const ecs::Names& names);

/// The answer of an action as it is given: a run that was begun by hand is shown as `state` has it now.
Json jobsAnswer(const JobsRequest& request, Json answer, const State& state, const ecs::Names& names);

}  // namespace berth::controller
