#include "common/aws/json_request.hpp"

#include <nlohmann/json.hpp>

#include "common/text/json_depth.hpp"

namespace berth::aws {
namespace {

using nlohmann::json;

/// What keeps text from being read as JSON.
std::string problemOf(std::string_view text) {
  try {
    static_cast<void>(json::parse(text));
  } catch (const json::parse_error& error) {
    return "the body is not JSON, see its byte " + std::to_string(error.byte);
  } catch (const json::exception&) {
    return "the body is not JSON that can be read: it has a number that is too large";
  }
  return "the body is not JSON";
}

ApiError serialization(std::string message) { return {"SerializationException", std::move(message)}; }

bool isJson(std::string_view contentType) {
  const std::string_view type = contentType.substr(0, contentType.find_first_of("; "));
  return type.empty() || type == "application/x-amz-json-1.1" || type == "application/json";
}

}  // namespace

ApiResult<JsonRequest> readJsonRequest(std::string_view method, const http::Headers& headers,
                                       std::string_view body, json& input) {
  const std::string target(headers.get("X-Amz-Target").value_or(""));
  const size_t dot = target.rfind('.');
  if (method != "POST" || dot == std::string::npos || dot == 0 || dot + 1 == target.size()) {
    return ApiError{"UnknownOperationException",
                    "expected POST with the header X-Amz-Target: <service>.<operation>"};
  }
  if (!isJson(headers.get("Content-Type").value_or(""))) {
    return serialization("expected the content type application/x-amz-json-1.1");
  }
  // Whoever walks the value recurses.
  if (jsonDepthOf(body) > kMaxJsonDepth) {
    return serialization("the body is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
  }
  input = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (input.is_discarded()) {
    return serialization(problemOf(body));
  }
  if (!input.is_object()) return serialization("the body must be a JSON object");
  return JsonRequest{target.substr(0, dot), target.substr(dot + 1)};
}

}  // namespace berth::aws
