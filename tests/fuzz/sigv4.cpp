// Signed requests as a server gets them: METHOD TARGET, header lines, an empty line, the body.
#include "common/aws/sigv4.hpp"

#include <algorithm>
#include <optional>

#include "common/aws/sigv4_verifier.hpp"
#include "common/text/letter_case.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

/// When the seeds were signed: 20240629T083320Z.
const WallTime kSignedAt = fromEpochMillis(1'719'650'000'000);
const aws::Credentials kKey{"AKIAFUZZFUZZFUZZFUZZ", "fuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzz", {}, {}};
const aws::Scope kScope{"us-east-1", "ecs"};

struct RawRequest {
  std::string method;
  std::string target;
  http::Headers headers;
  std::string body;
};

RawRequest readRaw(std::string_view input) {
  RawRequest request;
  std::string_view first = fuzz::takeLine(input);
  const size_t space = std::min(first.find(' '), first.size());
  request.method = first.substr(0, space);
  request.target = first.substr(std::min(space + 1, first.size()));
  while (!input.empty()) {
    const std::string_view line = fuzz::takeLine(input);
    if (line.empty()) break;
    const size_t colon = std::min(line.find(": "), line.size());
    request.headers.add(std::string(line.substr(0, colon)),
                        std::string(line.substr(std::min(colon + 2, line.size()))));
  }
  request.body = input;
  return request;
}

const aws::Verifier& verifierOfSeeds() {
  static const aws::Verifier verifier({"ecs", "us-east-1"}, [](std::string_view id) {
    return id == kKey.accessKeyId ? std::optional(kKey) : std::nullopt;
  });
  return verifier;
}

aws::ApiResult<aws::Caller> verifyRaw(const RawRequest& request) {
  return verifierOfSeeds().verify({request.method, request.target, request.headers, request.body}, kSignedAt);
}

/// What a client of ours signs is accepted, whatever it sends.
void checkOwnSignature(RawRequest request) {
  const auto url = http::parseUrl("http://127.0.0.1:7400" + request.target);
  if (!url || url->host != "127.0.0.1") return;
  http::Headers headers;
  for (const auto& [name, value] : request.headers) {
    const bool token = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
      return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    const bool ours = equalsIgnoreCase(name, "host") || equalsIgnoreCase(name, "authorization") ||
                      equalsIgnoreCase(name, "date") || equalsIgnoreCase(name, "x-amz-date") ||
                      equalsIgnoreCase(name, "x-amz-security-token") ||
                      equalsIgnoreCase(name, "x-amz-content-sha256");
    if (token && !ours) headers.add(name, value);
  }
  const http::Headers added =
      aws::sign({request.method, *url, headers, request.body}, kKey, kScope, kSignedAt);
  for (const auto& [name, value] : added) headers.set(name, value);
  headers.set("Host", url->authority());
  request.headers = headers;
  request.target = url->target();
  const auto verified = verifyRaw(request);
  const auto* error = std::get_if<aws::ApiError>(&verified);
  fuzz::require(error == nullptr, "what we sign we accept", error ? error->type + ": " + error->message : "");
}

}  // namespace

BERTH_FUZZ_TARGET(sigv4) {
  const RawRequest request = readRaw(input);
  const auto verified = verifyRaw(request);
  if (const auto* error = std::get_if<aws::ApiError>(&verified)) {
    fuzz::require(error->httpStatus == 400 && !error->type.empty() && !error->message.empty(),
                  "a refusal says why");
    fuzz::require(error->message.find(kKey.secretAccessKey) == std::string::npos,
                  "a refusal shows no secret");
  } else {
    RawRequest altered = request;
    altered.body += '!';
    fuzz::require(std::holds_alternative<aws::ApiError>(verifyRaw(altered)),
                  "a signature is good for one body");
    altered = request;
    altered.method += 'X';
    fuzz::require(std::holds_alternative<aws::ApiError>(verifyRaw(altered)),
                  "a signature is good for one method");
  }
  checkOwnSignature(request);
}
