#include "agent/secrets/sources/aws_secrets.hpp"

#include <utility>

#include "agent/secrets/sources/aws_answers.hpp"

namespace berth::agent {
namespace {

using SecretValues = std::vector<std::string>;

/// One call after the other: a task that needs many secrets is no reason to be throttled.
Async<Result<SecretValues>> fetchSecrets(std::shared_ptr<AwsApi> api, std::vector<SecretRequest> requests,
                                         std::optional<Role> role) {
  if (requests.empty()) co_return SecretValues{};
  if (!role) co_return noExecutionRole();
  const Result<FetchPlan> plan = planFetch(requests, api->options().region);
  if (!plan) co_return plan.error();
  const MonoTime end = api->deadline();
  std::vector<AwsApi::Values> parameters;
  for (const ParameterBatch& batch : plan->batches) {
    Result<AwsApi::Values> values = co_await AwsApi::parameters(api, batch, *role, end);
    if (!values) co_return parametersFailed(batch.region, values.error());
    parameters.push_back(*std::move(values));
  }
  SecretValues secrets;
  for (const SecretCall& call : plan->secrets) {
    Result<std::string> secret = co_await AwsApi::secret(api, call, *role, end);
    if (!secret) co_return secretFailed(call.valueFrom, secret.error());
    secrets.push_back(*std::move(secret));
  }
  SecretValues out;
  for (size_t i = 0; i < requests.size(); ++i) {
    const Pick& pick = plan->picks[i];
    if (pick.parameter) {
      out.push_back(parameters[pick.call].at(pick.name));
      continue;
    }
    Result<std::string> value = pick.jsonKey.empty() ? Result<std::string>(secrets[pick.call])
                                                     : pickMember(secrets[pick.call], pick.jsonKey);
    if (!value) co_return secretFailed(requests[i].valueFrom, value.error());
    out.push_back(*std::move(value));
  }
  co_return out;
}

Async<Result<std::string>> fetchFile(std::shared_ptr<AwsApi> api, std::string value,
                                     std::optional<Role> role) {
  if (!role) co_return noExecutionRole();
  const Result<ObjectRef> ref = parseObjectRef(value);
  if (!ref) co_return ref.error().in("Unable to download env file");
  Result<std::string> text = co_await AwsApi::object(api, *ref, *role, api->deadline());
  if (!text) co_return environmentFileFailed(*ref, text.error());
  co_return text;
}

}  // namespace

void AwsSecrets::fetch(std::vector<SecretRequest> requests, std::optional<Role> role,
                       Callback<std::vector<std::string>> done) {
  answerWith<SecretValues>(api_->means(), "secrets", gone_.get_token(), std::move(done),
                           [api = api_, requests = std::move(requests), role = std::move(role)] {
                             return fetchSecrets(api, requests, role);
                           });
}

void AwsEnvironmentFiles::fetch(std::string value, std::optional<Role> role, Callback<std::string> done) {
  answerWith<std::string>(
      api_->means(), "environment file", gone_.get_token(), std::move(done),
      [api = api_, value = std::move(value), role = std::move(role)] { return fetchFile(api, value, role); });
}

}  // namespace berth::agent
