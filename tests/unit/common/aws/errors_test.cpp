#include "common/aws/errors.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string_view>

using namespace berth;
using namespace berth::aws;
using nlohmann::json;

namespace {

http::Response answer(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

}  // namespace

TEST_CASE("an error becomes an AWS JSON response and is read back the same") {
  ApiError error{"ClusterNotFoundException", "Cluster not found.", 400};
  const http::Response response = toResponse(error, "b1946ac9-request");
  CHECK(response.status == 400);
  CHECK(response.headers.get("content-type") == "application/x-amz-json-1.1");
  CHECK(response.headers.get("x-amzn-requestid") == "b1946ac9-request");
  CHECK(json::parse(response.body) ==
        json{{"__type", "ClusterNotFoundException"}, {"message", "Cluster not found."}});
  error.requestId = "b1946ac9-request";
  CHECK(parseError(response) == error);
}

TEST_CASE("more members stand beside type and message and never replace them") {
  const ApiError error{"ConflictException", "m", 400, R"({"resourceIds":["a"],"message":"other"})"};
  CHECK(json::parse(toResponse(error, "r").body) ==
        json{{"__type", "ConflictException"}, {"message", "m"}, {"resourceIds", {"a"}}});
  const ApiError broken{"ServerException", "bad \xff byte", 500, "["};
  CHECK(json::parse(toResponse(broken, "r").body).at("__type") == "ServerException");
}

TEST_CASE("a success carries its text unchanged") {
  const http::Response response = successResponse(R"({"a": 1})", "id");
  CHECK(response.status == 200);
  CHECK(response.body == R"({"a": 1})");
  CHECK(response.headers.get("Content-Type") == "application/x-amz-json-1.1");
  CHECK(response.headers.get("x-amzn-RequestId") == "id");
}

TEST_CASE("the name and message of an error are found wherever services put them") {
  CHECK(parseError(answer(400, R"({"__type":"com.amazonaws.ecs#ClientException","Message":"no"})")) ==
        ApiError{"ClientException", "no", 400});
  CHECK(parseError(answer(400, R"({"__type":"ClientException:http://internal/"})")).type ==
        "ClientException");
  http::Response byHeader = answer(403, R"({"message":"denied"})");
  byHeader.headers.add("X-Amzn-ErrorType", "AccessDeniedException:http://internal/");
  CHECK(parseError(byHeader) == ApiError{"AccessDeniedException", "denied", 403});
  for (const char* body : {"", "<html>", "[]", R"({"__type":7,"message":[]})", "{\"message\":\"\xff\"}"}) {
    INFO(body);
    CHECK(parseError(answer(502, body)) ==
          ApiError{"UnknownError", "the service answered with HTTP status 502", 502});
  }
}

TEST_CASE("throttling and server trouble can be retried, the caller's errors not") {
  CHECK(isRetryable({"ThrottlingException", "", 400}));
  CHECK(isRetryable({"RequestLimitExceeded", "", 400}));
  CHECK(isRetryable({"UnknownError", "", 429}));
  CHECK(isRetryable({"ServerException", "", 500}));
  CHECK(isRetryable({"UnknownError", "", 503}));
  CHECK_FALSE(isRetryable({"ClientException", "", 400}));
  CHECK_FALSE(isRetryable({"LimitExceededException", "", 400}));
  CHECK_FALSE(isRetryable({"UnknownError", "", 501}));
  CHECK_FALSE(isRetryable({"UnrecognizedClientException", "", 400}));
}

TEST_CASE("errors fall into the kinds that logic knows") {
  CHECK(toError({"ThrottlingException", "slow", 400}).code == Code::ResourceExhausted);
  CHECK(toError({"ServerException", "", 500}).code == Code::Internal);
  CHECK(toError({"UnknownError", "", 503}).code == Code::Unavailable);
  CHECK(toError({"UnrecognizedClientException", "", 400}).code == Code::Unauthenticated);
  CHECK(toError({"AccessDeniedException", "", 400}).code == Code::PermissionDenied);
  CHECK(toError({"ClusterNotFoundException", "", 400}).code == Code::NotFound);
  CHECK(toError({"ClientException", "", 400}).code == Code::InvalidArgument);
  const Error error = toError({"ServerException", "oops", 500});
  CHECK(error.message == "ServerException: oops");
  CHECK(error.retryable);
  CHECK_FALSE(toError({"ClientException", "", 400}).retryable);
}
