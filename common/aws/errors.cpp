#include "common/aws/errors.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::aws {
namespace {

using nlohmann::json;

constexpr std::string_view kContentType = "application/x-amz-json-1.1";

/// Source: the standard retry mode of the AWS SDKs ("Retry behavior", throttling and transient errors).
constexpr std::array<std::string_view, 14> kRetryableTypes = {
    "BandwidthLimitExceeded",    "EC2ThrottledException",
    "PriorRequestNotComplete",   "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",      "RequestThrottled",
    "RequestThrottledException", "RequestTimeout",
    "RequestTimeoutException",   "SlowDown",
    "ThrottledException",        "Throttling",
    "ThrottlingException",       "TooManyRequestsException"};

constexpr std::array<std::string_view, 7> kUnauthenticatedTypes = {
    "ExpiredTokenException",      "IncompleteSignatureException",        "InvalidClientTokenId",
    "InvalidSignatureException",  "MissingAuthenticationTokenException", "SignatureDoesNotMatch",
    "UnrecognizedClientException"};

bool isOneOf(const auto& value, const auto& list) { return std::ranges::find(list, value) != list.end(); }

http::Response respond(int status, std::string body, std::string_view requestId) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", std::string(kContentType));
  response.headers.add("x-amzn-RequestId", std::string(requestId));
  response.body = std::move(body);
  return response;
}

/// "aws.protocols#FooException:http://..." -> "FooException"
std::string shapeName(std::string_view text) {
  text = text.substr(0, text.find(':'));
  if (const size_t hash = text.find('#'); hash != std::string_view::npos) text.remove_prefix(hash + 1);
  return std::string(text);
}

std::string stringMember(const json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

}  // namespace

http::Response toResponse(const ApiError& error, std::string_view requestId) {
  json body = error.extra.empty() ? json::object() : json::parse(error.extra, nullptr, false);
  if (!body.is_object()) body = json::object();
  body["__type"] = error.type;
  body["message"] = error.message;
  return respond(error.httpStatus, body.dump(-1, ' ', false, json::error_handler_t::replace), requestId);
}

http::Response successResponse(std::string body, std::string_view requestId) {
  return respond(200, std::move(body), requestId);
}

ApiError parseError(const http::Response& response) {
  json body = json::parse(response.body, nullptr, false);
  if (!body.is_object()) body = json::object();
  ApiError error;
  error.httpStatus = response.status;
  error.type = shapeName(stringMember(body, "__type"));
  if (error.type.empty()) error.type = shapeName(response.headers.get("x-amzn-errortype").value_or(""));
  if (error.type.empty()) error.type = "UnknownError";
  error.requestId = response.headers.get("x-amzn-RequestId").value_or("");
  error.message = stringMember(body, "message");
  if (error.message.empty()) error.message = stringMember(body, "Message");
  if (error.message.empty())
    error.message = "the service answered with HTTP status " + std::to_string(response.status);
  return error;
}

bool isRetryable(const ApiError& error) {
  constexpr std::array<int, 5> kStatuses = {429, 500, 502, 503, 504};
  return isOneOf(error.httpStatus, kStatuses) || isOneOf(error.type, kRetryableTypes);
}

Error toError(const ApiError& error) {
  Error result;
  result.message = error.type + ": " + error.message;
  result.retryable = isRetryable(error);
  if (error.httpStatus == 429 || (result.retryable && error.httpStatus < 500)) {
    result.code = Code::ResourceExhausted;
  } else if (error.httpStatus >= 500) {
    result.code = result.retryable && error.httpStatus != 500 ? Code::Unavailable : Code::Internal;
  } else if (isOneOf(error.type, kUnauthenticatedTypes)) {
    result.code = Code::Unauthenticated;
  } else if (error.type.starts_with("AccessDenied") || error.httpStatus == 403) {
    result.code = Code::PermissionDenied;
  } else if (error.type.ends_with("NotFoundException")) {
    result.code = Code::NotFound;
  } else {
    result.code = Code::InvalidArgument;
  }
  return result;
}

}  // namespace berth::aws
