// The server's reading of an AWS JSON 1.1 request.
#pragma once

#include <string>
#include <string_view>

#include "common/aws/errors.hpp"
#include "common/http/message.hpp"

namespace berth::aws {

/// One call: "X-Amz-Target: <targetPrefix>.<operation>" and its JSON body.
struct JsonRequest {
  std::string targetPrefix;  ///< "AmazonEC2ContainerServiceV20141113"
  std::string operation;     ///< "RunTask"
  std::string body;          ///< the text of a JSON object, nested kMaxJsonDepth deep at most
};

inline constexpr int kMaxJsonDepth = 64;

/// UnknownOperationException unless it is a POST with a target of both parts; SerializationException unless
/// the content type, if any, is application/x-amz-json-1.1 or application/json, and the body is a JSON object
/// within the depth. All have status 400.
/// Source: Smithy, "AWS JSON 1.1 protocol".
ApiResult<JsonRequest> readJsonRequest(std::string_view method, const http::Headers& headers,
                                       std::string body);

}  // namespace berth::aws
