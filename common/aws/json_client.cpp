#include "common/aws/json_client.hpp"

namespace berth::aws {

JsonClient::JsonClient(http::Client& http, ClientConfig config, CredentialsProvider& credentials,
                       const Clock& clock)
    : http_(http), config_(std::move(config)), credentials_(credentials), clock_(clock) {}

http::Call JsonClient::makeCall(const std::string& operation, std::string body,
                                const Credentials& credentials) const {
  http::Call call;
  call.timeout = config_.timeout;
  call.request.method = "POST";
  call.request.url = config_.endpoint.origin() + config_.endpoint.target();
  call.request.headers.add("Content-Type", "application/x-amz-json-1.1");
  call.request.headers.add("X-Amz-Target", config_.targetPrefix + "." + operation);
  const UnsignedRequest request{call.request.method, config_.endpoint, call.request.headers, body};
  const http::Headers added = sign(request, credentials, config_.scope, clock_.now().wall);
  for (const auto& [name, value] : added) call.request.headers.add(name, value);
  call.request.headers.add("User-Agent", config_.userAgent);
  call.request.body = std::move(body);
  return call;
}

Async<CallResult> JsonClient::call(std::string operation, std::string body, std::stop_token stop) {
  const Result<Credentials> credentials = co_await credentials_.credentials(stop);
  if (!credentials) {
    CallResult result{credentials.error().in(operation + ": credentials"), std::nullopt};
    co_return result;
  }
  http::Call call = makeCall(operation, std::move(body), *credentials);
  const Result<http::Response> response = co_await http_.fetch(std::move(call), stop);
  if (!response) {
    CallResult result{response.error().in(operation), std::nullopt};
    co_return result;
  }
  if (response->status < 200 || response->status > 299) {
    ApiError error = parseError(*response);
    CallResult result{toError(error).in(operation), std::move(error)};
    co_return result;
  }
  CallResult result{response->body.empty() ? std::string("{}") : response->body, std::nullopt};
  co_return result;
}

}  // namespace berth::aws
