#include "common/aws/json_request.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace berth;
using namespace berth::aws;

namespace {

nlohmann::json input;  // of the last request

ApiResult<JsonRequest> read(const char* target, const std::string& body, const char* method = "POST",
                            const char* type = "application/x-amz-json-1.1") {
  http::Headers headers;
  if (target) headers.add("x-amz-target", target);
  if (type) headers.add("content-type", type);
  return readJsonRequest(method, headers, body, input);
}

std::string errorType(const ApiResult<JsonRequest>& result) {
  const auto* error = std::get_if<ApiError>(&result);
  REQUIRE(error != nullptr);
  CHECK(error->httpStatus == 400);
  CHECK_FALSE(error->message.empty());
  return error->type;
}

std::string nested(int arrays) {
  const auto count = static_cast<size_t>(arrays);
  return "{\"a\":" + std::string(count, '[') + std::string(count, ']') + "}";
}

}  // namespace

TEST_CASE("a call is split into prefix, operation and body") {
  const auto result = read("AmazonEC2ContainerServiceV20141113.RunTask", R"( {"a":[1,"é",{"b":null}]} )");
  const auto* request = std::get_if<JsonRequest>(&result);
  REQUIRE(request != nullptr);
  CHECK(request->targetPrefix == "AmazonEC2ContainerServiceV20141113");
  CHECK(request->operation == "RunTask");
  CHECK(input == nlohmann::json::parse(R"({"a":[1,"é",{"b":null}]})"));
}

TEST_CASE("content types are taken with parameters, as plain JSON, or not at all") {
  for (const char* type :
       {"application/json", "application/x-amz-json-1.1; charset=utf-8", (const char*)nullptr}) {
    CHECK(std::holds_alternative<JsonRequest>(read("P.Op", "{}", "POST", type)));
  }
  CHECK(errorType(read("P.Op", "{}", "POST", "text/plain")) == "SerializationException");
}

TEST_CASE("what names no operation is an unknown operation") {
  CHECK(errorType(read("P.Op", "{}", "GET")) == "UnknownOperationException");
  for (const char* target : {(const char*)nullptr, "", "Op", ".Op", "P."}) {
    CHECK(errorType(read(target, "{}")) == "UnknownOperationException");
  }
}

TEST_CASE("a body that is no JSON object is refused") {
  for (const char* body : {"", " ", "{", "{\"a\":}", "{} {}", "[]", "[{}]", "1", "\"a\"", "null",
                           "{\"a\":\"\xff\"}", "{'a':1}", "{\"a\":1,}", "{\"a\":1e999}"}) {
    INFO(body);
    CHECK(errorType(read("P.Op", body)) == "SerializationException");
  }
}

TEST_CASE("nesting is limited, and a hostile depth costs no stack") {
  CHECK(std::holds_alternative<JsonRequest>(read("P.Op", nested(kMaxJsonDepth - 1))));
  CHECK(errorType(read("P.Op", nested(kMaxJsonDepth))) == "SerializationException");
  CHECK(std::holds_alternative<JsonRequest>(read("P.Op", R"({"a":")" + std::string(1000, '[') + R"(\"{"})")));
  CHECK(errorType(read("P.Op", nested(5'000'000))) == "SerializationException");
  CHECK(errorType(read("P.Op", std::string(5'000'000, '['))) == "SerializationException");
}
