#include "agent/host/instance_metadata.hpp"

#include <utility>

namespace berth::agent {
namespace {

constexpr size_t kLargestAnswer = size_t{64} << 10;
constexpr int kNotAccepted = 401;

Error refusedBy(int status, const std::string& path) {
  const std::string message =
      "the instance metadata service answered " + path + " with HTTP status " + std::to_string(status);
  if (status == 404) return makeError(Code::NotFound, message);
  if (status == 429 || status >= 500) return makeError(Code::Unavailable, message);
  return makeError(Code::FailedPrecondition, message);
}

}  // namespace

http::Call InstanceMetadata::makeCall(const std::string& method, const std::string& path) const {
  http::Call call;
  call.request.method = method;
  call.request.url = options_.endpoint.origin() + path;
  if (method == "PUT") {
    call.request.headers.add("X-aws-ec2-metadata-token-ttl-seconds",
                             std::to_string(options_.tokenLife.count()));
  } else {
    call.request.headers.add("X-aws-ec2-metadata-token", token_);
  }
  call.direct = true;
  call.maxBody = kLargestAnswer;
  call.timeout = options_.timeout;
  return call;
}

Async<Status> InstanceMetadata::renewToken(std::stop_token stop) {
  constexpr const char* kTokenPath = "/latest/api/token";
  auto answer = co_await client_.fetch(makeCall("PUT", kTokenPath), stop);
  if (!answer) co_return answer.error();
  if (answer->status != 200) co_return refusedBy(answer->status, kTokenPath);
  token_ = answer->body.substr(0, answer->body.find_first_of("\r\n"));
  if (token_.empty()) co_return makeError(Code::Internal, "the instance metadata service gave no token");
  co_return Status();
}

Async<Result<std::string>> InstanceMetadata::read(std::string path, std::stop_token stop) {
  // A token that has expired, or that another host gave before this one was restored from its image, is not
  // accepted: one more attempt, with a new one.
  for (int attempt = 0;; ++attempt) {
    if (token_.empty()) {
      if (Status renewed = co_await renewToken(stop); !renewed) co_return renewed.error();
    }
    auto answer = co_await client_.fetch(makeCall("GET", path), stop);
    if (!answer) co_return answer.error();
    if (answer->status == 200) co_return std::move(answer->body);
    if (answer->status != kNotAccepted || attempt > 0) co_return refusedBy(answer->status, path);
    token_.clear();
  }
}

}  // namespace berth::agent
