// The server's reading of an AWS JSON 1.1 request.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/aws/errors.hpp"
#include "common/http/message.hpp"

namespace berth::aws {

/// One call: "X-Amz-Target: <targetPrefix>.<operation>".
struct JsonRequest {
  std::string targetPrefix;  ///< "AmazonEC2ContainerServiceV20141113"
  std::string operation;     ///< "RunTask"
};

inline constexpr int kMaxJsonDepth = 64;

/// What a request calls; its body, a JSON object nested kMaxJsonDepth deep at most, is read into `input`.
/// UnknownOperationException unless it is a POST with a target of both parts; SerializationException unless
/// the content type, if any, is application/x-amz-json-1.1 or application/json, and the body is a JSON object
/// within the depth. All have status 400.
/// Source: Smithy, "AWS JSON 1.1 protocol".
ApiResult<JsonRequest> readJsonRequest(std::string_view method, const http::Headers& headers,
                                       std::string_view body, nlohmann::json& input);

}  // namespace berth::aws
