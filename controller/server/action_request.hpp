// A request to the extension endpoint that an action of the core answers.
#pragma once

#include <string>

#include "controller/api/context.hpp"

namespace berth::controller {

/// One that was understood.
struct ActionRequest {
  ApiResult<Json> (*action)(Context&) = nullptr;
  std::string operation;  ///< as policies know it: "berth:PutJob"
  std::string resource;   ///< the ARN of the job or alarm, the cluster's, or "*"
  Json input;             ///< of the action
  bool changes = false;
  Json launch;  ///< the input of RunTask that runs of a job will have, when it says one; else null
};

/// MethodNotAllowedException for a path that takes others: "GET, PUT".
ApiError wrongMethod(const std::string& methods);

}  // namespace berth::controller
