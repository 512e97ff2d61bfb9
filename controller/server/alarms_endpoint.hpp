// /v1/alarms: what requests about alarms mean.
#pragma once

#include <string>

#include "common/http/message.hpp"
#include "common/http/server.hpp"
#include "controller/server/action_request.hpp"

namespace berth::controller {

/// Whether a path is one of alarms.
bool isAlarmsPath(const std::string& path);

/// ResourceNotFoundException (404) for a path that there is not, MethodNotAllowedException (405),
/// InvalidParameterException for a query or body that can't be read.
ApiResult<ActionRequest> readAlarmsRequest(const http::ServerRequest& request, const http::Query& query,
                                           const ecs::Names& names);

}  // namespace berth::controller
