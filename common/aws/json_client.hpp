// Calls operations of an AWS JSON 1.1 service. Source: Smithy, "AWS JSON 1.1 protocol".
#pragma once

#include <utility>

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "common/async/async.hpp"
#include "common/aws/credentials_provider.hpp"
#include "common/aws/errors.hpp"
#include "common/aws/sigv4.hpp"
#include "common/http/client.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::aws {

struct ClientConfig {
  http::Url endpoint;
  Scope scope;               ///< what calls are signed for
  std::string targetPrefix;  ///< "AmazonEC2ContainerServiceV20141113"
  std::string userAgent = "berth";
  Duration timeout = std::chrono::seconds(42);  ///< for a whole call
};

/// How a call ended.
struct [[nodiscard]] CallResult {
  /// The reply's JSON text ("{}" for an empty one), or why there is none; `retryable` says whether the same
  /// call may succeed later.
  Result<std::string> reply;
  /// The error that the service answered with; absent when there was a reply or no answer.
  std::optional<ApiError> api;
};

/// A client of one service. It never calls twice: the retry policy is the caller's.
class JsonClient {
 public:
  /// `http`, `credentials` and `clock` must outlive the client.
  JsonClient(http::Client& http, ClientConfig config, CredentialsProvider& credentials, const Clock& clock);

  /// Signs and sends one call; `body` is the text of a JSON object. Errors: those of the credentials, of
  /// http::Client::fetch, and toError() of what the service answered; messages begin with the operation.
  Async<CallResult> call(std::string operation, std::string body, std::stop_token stop = {});

 private:
  http::Call makeCall(const std::string& operation, std::string body, const Credentials& credentials) const;

  http::Client& http_;
  ClientConfig config_;
  CredentialsProvider& credentials_;
  const Clock& clock_;
};

}  // namespace berth::aws
