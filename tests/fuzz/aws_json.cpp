// AWS JSON 1.1: a request as a server reads it, and an error as a client does. The first line is the target
// (or x-amzn-errortype), the second the content type, the rest the body.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "common/aws/crypto.hpp"
#include "common/aws/json_request.hpp"
#include "tests/fuzz/target.hpp"

BERTH_FUZZ_TARGET(aws_json) {
  using namespace berth;
  const std::string target(fuzz::takeLine(input));
  const std::string contentType(fuzz::takeLine(input));
  nlohmann::json json;
  const auto read = aws::readJsonRequest("POST", {{"X-Amz-Target", target}, {"Content-Type", contentType}},
                                         input, json);
  if (const auto* request = std::get_if<aws::JsonRequest>(&read)) {
    fuzz::require(!request->operation.empty() && !request->targetPrefix.empty(),
                  "a request has a whole target");
    fuzz::require(json.is_object(), "an accepted body is a JSON object", input);
  } else {
    fuzz::require(std::get<aws::ApiError>(read).httpStatus == 400, "a refusal has status 400");
  }
  http::Response response{400, {{"x-amzn-errortype", target}}, std::string(input)};
  const aws::ApiError error = aws::parseError(response);
  fuzz::require(!error.type.empty(), "an error has a name", input);
  fuzz::require(!aws::toError(error).message.empty(), "an error says why", input);
  const aws::ApiError again = aws::parseError(aws::toResponse(error, "id"));
  const bool word =
      std::ranges::all_of(error.type, [](unsigned char c) { return c < 0x80 && std::isalnum(c); });
  fuzz::require(!word || again.type == error.type, "an error sent on keeps its name", error.type);
  if (const auto bytes = aws::base64Decode(input)) {
    fuzz::require(aws::base64Encode(*bytes) == input, "base64 has one spelling", input);
  }
}
