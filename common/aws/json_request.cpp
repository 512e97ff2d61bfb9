#include "common/aws/json_request.hpp"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::aws {
namespace {

using nlohmann::json;

/// Walks JSON without building it; stops at the first thing that a request body may not be.
class BodyCheck final : public nlohmann::json_sax<json> {
 public:
  const std::string& problem() const { return problem_; }

  bool null() override { return scalar(); }
  bool boolean(bool) override { return scalar(); }
  bool number_integer(number_integer_t) override { return scalar(); }
  bool number_unsigned(number_unsigned_t) override { return scalar(); }
  bool number_float(number_float_t, const string_t&) override { return scalar(); }
  bool string(string_t&) override { return scalar(); }
  bool binary(binary_t&) override { return scalar(); }
  bool key(string_t&) override { return true; }
  bool start_object(size_t) override { return open(); }
  bool start_array(size_t) override {
    return depth_ == 0 ? refuse("the body must be a JSON object") : open();
  }
  bool end_object() override { return --depth_, true; }
  bool end_array() override { return --depth_, true; }
  bool parse_error(size_t position, const std::string&, const json::exception&) override {
    return refuse("the body is not JSON, see its byte " + std::to_string(position));
  }

 private:
  bool scalar() { return depth_ > 0 || refuse("the body must be a JSON object"); }
  bool open() {
    if (++depth_ <= kMaxJsonDepth) return true;
    return refuse("the body is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
  }
  bool refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  int depth_ = 0;
  std::string problem_;
};

ApiError serialization(std::string message) { return {"SerializationException", std::move(message)}; }

bool isJson(std::string_view contentType) {
  const std::string_view type = contentType.substr(0, contentType.find_first_of("; "));
  return type.empty() || type == "application/x-amz-json-1.1" || type == "application/json";
}

}  // namespace

ApiResult<JsonRequest> readJsonRequest(std::string_view method, const http::Headers& headers,
                                       std::string body) {
  const std::string target(headers.get("X-Amz-Target").value_or(""));
  const size_t dot = target.rfind('.');
  if (method != "POST" || dot == std::string::npos || dot == 0 || dot + 1 == target.size()) {
    return ApiError{"UnknownOperationException",
                    "expected POST with the header X-Amz-Target: <service>.<operation>"};
  }
  if (!isJson(headers.get("Content-Type").value_or(""))) {
    return serialization("expected the content type application/x-amz-json-1.1");
  }
  BodyCheck check;
  if (!json::sax_parse(body, &check)) return serialization(check.problem());
  return JsonRequest{target.substr(0, dot), target.substr(dot + 1), std::move(body)};
}

}  // namespace berth::aws
