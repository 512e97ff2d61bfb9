#include "agent/secrets/sources/http_secrets.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/secrets/fetch_plan.hpp"
#include "agent/secrets/sources/aws_answers.hpp"
#include "agent/secrets/sources/private_file.hpp"
#include "agent/secrets/sources/secret_name.hpp"
#include "agent/secrets/sources/shared_calls.hpp"
#include "common/text/letter_case.hpp"

namespace berth::agent {
namespace {

/// JSON around the secret may be longer than the secret.
constexpr size_t kLargestHttpAnswer = 4 * kLargestSecret;

struct SecretAnswer {
  bool json = false;
  std::string body;
};

Error httpFailure(int status) {
  const std::string message = "the server of secrets answered with HTTP status " + std::to_string(status);
  switch (status) {
    case 401:
      return makeError(Code::Unauthenticated, message + ": check the token");
    case 403:
      return makeError(Code::PermissionDenied, message);
    case 404:
      return makeError(Code::NotFound, message);
    case 408:
    case 429:
      return makeError(Code::Unavailable, message);
    default:
      return makeError(status >= 500 ? Code::Unavailable : Code::FailedPrecondition, message);
  }
}

Result<std::string> bearerToken(const std::string& file) {
  Result<std::string> token = readPrivateFile(file);
  if (!token) return token.error();
  while (!token->empty() && (token->back() == '\n' || token->back() == '\r' || token->back() == ' '))
    token->pop_back();
  const bool word =
      !token->empty() && std::ranges::all_of(*token, [](char c) { return c > ' ' && c < 0x7f; });
  if (word) return token;
  return makeError(Code::InvalidArgument, file + " has to hold one word, the token, and nothing else");
}

Result<std::string> valueIn(SecretAnswer answer, const std::string& jsonKey) {
  if (!jsonKey.empty()) return pickMember(answer.body, jsonKey);
  if (!answer.json) return readPlainSecret(std::move(answer.body));
  const nlohmann::json value = nlohmann::json::parse(answer.body, nullptr, false);
  if (value.is_object()) return pickMember(answer.body, "value");
  if (value.is_string()) return checkedSecret(value.get<std::string>());
  return makeError(Code::InvalidArgument,
                   "the server's JSON is neither a text nor an object with the member \"value\"");
}

bool saysJson(const http::Response& response) {
  const std::string_view type = response.headers.get("Content-Type").value_or("");
  return equalsIgnoreCase(type.substr(0, type.find_first_of("; ")), "application/json");
}

}  // namespace

struct HttpSecrets::Core {
  FetchMeans means;
  HttpSecretsOptions options;
  http::Url base;
  std::stop_source stop;
  std::shared_ptr<SharedCalls<SecretAnswer>> calls = std::make_shared<SharedCalls<SecretAnswer>>();

  static Async<Result<SecretAnswer>> get(std::shared_ptr<Core> core, std::string url, MonoTime end);
  static Async<Result<std::string>> one(std::shared_ptr<Core> core, std::string valueFrom, MonoTime end);
  static Async<Result<std::vector<std::string>>> all(std::shared_ptr<Core> core,
                                                     std::vector<SecretRequest> requests);
};

Async<Result<SecretAnswer>> HttpSecrets::Core::get(std::shared_ptr<Core> core, std::string url,
                                                   MonoTime end) {
  const std::stop_token stop = core->stop.get_token();
  co_return co_await withRetries<SecretAnswer>(
      core->means, core->options.retry, core->options.timeout, end, stop,
      [&core, &url, &stop](Duration timeout) -> Async<Result<SecretAnswer>> {
        http::Call call;
        call.timeout = timeout;
        call.maxBody = kLargestHttpAnswer;
        call.request.url = url;
        call.request.headers.add("Accept", "application/json, text/plain");
        call.request.headers.add("User-Agent", core->options.userAgent);
        if (!core->options.tokenFile.empty()) {
          const Result<std::string> token = bearerToken(core->options.tokenFile);
          if (!token) co_return token.error();
          call.request.headers.add("Authorization", "Bearer " + *token);
        }
        Result<http::Response> response = co_await core->means.client.fetch(std::move(call), stop);
        if (!response) co_return response.error();
        if (response->status != 200) co_return httpFailure(response->status);
        const bool json = saysJson(*response);
        co_return SecretAnswer{json, std::move(response->body)};
      });
}

Async<Result<std::string>> HttpSecrets::Core::one(std::shared_ptr<Core> core, std::string valueFrom,
                                                  MonoTime end) {
  const Result<SecretName> name = parseSecretName(valueFrom, "http:");
  if (!name) co_return name.error();
  std::string url = core->base.origin() + core->base.path;
  while (url.ends_with('/')) url.pop_back();
  for (const std::string& part : name->path) url += "/" + http::percentEncode(part);
  Result<SecretAnswer> answer = co_await SharedCalls<SecretAnswer>::join(
      core->calls, url,
      [&core, &url, end]() -> Async<Result<SecretAnswer>> { co_return co_await get(core, url, end); });
  if (!answer) co_return answer.error();
  co_return valueIn(*std::move(answer), name->jsonKey);
}

Async<Result<std::vector<std::string>>> HttpSecrets::Core::all(std::shared_ptr<Core> core,
                                                               std::vector<SecretRequest> requests) {
  const MonoTime end = core->means.clock.now().mono + core->options.retry.overall;
  std::vector<std::string> out;
  for (const SecretRequest& request : requests) {
    Result<std::string> value = co_await one(core, request.valueFrom, end);
    if (!value) co_return secretFailed(request.valueFrom, value.error());
    out.push_back(*std::move(value));
  }
  co_return out;
}

Result<std::unique_ptr<HttpSecrets>> HttpSecrets::make(FetchMeans means, HttpSecretsOptions options) {
  Result<http::Url> base = http::parseUrl(options.url);
  if (!base) return base.error();
  if ((base->scheme != "http" && base->scheme != "https") || !base->query.empty()) {
    return makeError(Code::InvalidArgument,
                     base->origin() + ": secrets come from an http or https URL without a query");
  }
  if (!options.tokenFile.empty() && !base->tls() && !base->loopback()) {
    return makeError(Code::InvalidArgument,
                     base->origin() +
                         ": the token would cross the network in clear text: use https, "
                         "or leave out the token file");
  }
  std::shared_ptr<Core> core(new Core{std::move(means), std::move(options), *std::move(base), {}});
  return std::unique_ptr<HttpSecrets>(new HttpSecrets(std::move(core)));
}

HttpSecrets::~HttpSecrets() { core_->stop.request_stop(); }

void HttpSecrets::fetch(std::vector<SecretRequest> requests, std::optional<Role>,
                        Callback<std::vector<std::string>> done) {
  answerWith<std::vector<std::string>>(
      core_->means, "secrets over HTTP", core_->stop.get_token(), std::move(done),
      [core = core_, requests = std::move(requests)] { return Core::all(core, requests); });
}

}  // namespace berth::agent
