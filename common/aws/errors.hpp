// Errors as AWS JSON 1.1 services send them, on both sides of the wire.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "common/http/message.hpp"
#include "common/result/result.hpp"

namespace berth::aws {

/// What an operation answers instead of a reply.
struct ApiError {
  std::string type;            ///< the exception's name, e.g. "ClusterNotFoundException"
  std::string message;         ///< for people
  int httpStatus = 400;        ///< 400 for the caller's errors, 500 and up for ours
  std::string extra = {};      ///< for toResponse: more members, as the text of a JSON object; or empty
  std::string requestId = {};  ///< of parseError: the service's name for the call; empty if it gave none
  bool operator==(const ApiError&) const = default;
};

template <class T>
using ApiResult = std::variant<T, ApiError>;

/// {"__type","message"} and `extra`, as application/x-amz-json-1.1, with x-amzn-RequestId.
http::Response toResponse(const ApiError& error, std::string_view requestId);

/// 200 with `json` as it is.
http::Response successResponse(std::string json, std::string_view requestId);

/// Reads the error out of an answer whose status is not 2xx. The name comes from "__type" (behind '#' and
/// before ':'), else from the header x-amzn-errortype; the message from "message" or "Message". An answer
/// without them becomes "UnknownError" with the status in its message. The request's id is that of
/// x-amzn-RequestId.
/// Source: Smithy, "AWS JSON 1.1 protocol", operation error serialization.
ApiError parseError(const http::Response& response);

/// Whether sending the same call again later can help: throttling names, and status 429, 500, 502, 503, 504.
bool isRetryable(const ApiError& error);

/// The failure for logic that only needs its kind: "ClusterNotFoundException: Cluster not found.", retryable
/// as isRetryable says.
Error toError(const ApiError& error);

}  // namespace berth::aws
