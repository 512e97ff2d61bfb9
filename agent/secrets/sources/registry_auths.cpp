#include "agent/secrets/sources/registry_auths.hpp"

#include <utility>

#include "agent/secrets/sources/aws_answers.hpp"
#include "common/async/callback.hpp"

namespace berth::agent {
namespace {

using FoundAuth = std::optional<RegistryAuth>;

constexpr std::string_view kEcrFailed = "CannotPullECRContainerError";
constexpr std::string_view kAuthFailed = "CannotPullContainerAuthError";

}  // namespace

struct RegistryAuthFetcher::Core {
  std::shared_ptr<AwsApi> api;
  aws::CredentialsProvider& agents;
  SecretSource& secrets;
  RegistryAuths configured;
  EcrTokens tokens;
  std::shared_ptr<SharedCalls<EcrToken>> calls = std::make_shared<SharedCalls<EcrToken>>();

  static Async<Result<FoundAuth>> fetch(std::shared_ptr<Core> core, RegistryAuthRequest request);
  static Async<Result<FoundAuth>> fromEcr(std::shared_ptr<Core> core, EcrAuthData data, std::string image,
                                          std::optional<Role> role);
  static Async<Result<FoundAuth>> fromSecret(std::shared_ptr<Core> core, AsmAuthData data,
                                             std::optional<Role> role);
};

Async<Result<FoundAuth>> RegistryAuthFetcher::Core::fetch(std::shared_ptr<Core> core,
                                                          RegistryAuthRequest request) {
  if (auto* ecr = std::get_if<EcrAuthData>(&request.data))
    co_return co_await fromEcr(core, std::move(*ecr), std::move(request.image), std::move(request.role));
  if (auto* secret = std::get_if<AsmAuthData>(&request.data))
    co_return co_await fromSecret(core, std::move(*secret), std::move(request.role));
  co_return chooseAuth(core->configured, request.image);
}

Async<Result<FoundAuth>> RegistryAuthFetcher::Core::fromEcr(std::shared_ptr<Core> core, EcrAuthData data,
                                                            std::string image, std::optional<Role> role) {
  if (data.useExecutionRole && !role) co_return noExecutionRole().in(kAuthFailed);
  const FetchMeans& means = core->api->means();
  const std::string key = ecrKey(data, role, core->api->options().region);
  const std::optional<EcrToken> kept = core->tokens.find(key, means.clock.now().wall);
  if (kept && isFromRegistry(image, kept->registry)) co_return FoundAuth(kept->auth);
  // The same registry by another name would be another answer, so the image's host belongs to the call.
  const std::string callKey = key + "\n" + image.substr(0, image.find('/'));
  Result<EcrToken> token = co_await SharedCalls<EcrToken>::join(
      core->calls, callKey, [&core, &data, &role, &image]() -> Async<Result<EcrToken>> {
        co_return co_await AwsApi::ecrToken(core->api, data, role, image, core->agents,
                                            core->api->deadline());
      });
  if (!token) co_return token.error().in(kEcrFailed);
  core->tokens.put(key, *token, means.clock.now().wall);
  co_return FoundAuth(std::move(token->auth));
}

Async<Result<FoundAuth>> RegistryAuthFetcher::Core::fromSecret(std::shared_ptr<Core> core, AsmAuthData data,
                                                               std::optional<Role> role) {
  SecretRequest request{"", data.credentialsParameter, "asm", std::move(data.region)};
  Result<std::vector<std::string>> secret = co_await loopAwait<std::vector<std::string>>(
      [&](auto done) { core->secrets.fetch({std::move(request)}, std::move(role), std::move(done)); });
  if (!secret) co_return secret.error().in(kAuthFailed);
  Result<RegistryAuth> auth = readRegistryAuth(secret->empty() ? std::string() : secret->front());
  if (!auth) co_return secretFailed(data.credentialsParameter, auth.error()).in(kAuthFailed);
  co_return FoundAuth(*std::move(auth));
}

RegistryAuthFetcher::RegistryAuthFetcher(std::shared_ptr<AwsApi> api, aws::CredentialsProvider& agents,
                                         SecretSource& secrets, RegistryAuths configured)
    : core_(new Core{api, agents, secrets, std::move(configured), EcrTokens(api->means().random)}) {}

RegistryAuthFetcher::~RegistryAuthFetcher() { gone_.request_stop(); }

void RegistryAuthFetcher::reconfigure(RegistryAuths configured) { core_->configured = std::move(configured); }

void RegistryAuthFetcher::fetch(RegistryAuthRequest request, Callback<std::optional<RegistryAuth>> done) {
  answerWith<FoundAuth>(core_->api->means(), "registry credentials", gone_.get_token(), std::move(done),
                        [core = core_, request = std::move(request)] { return Core::fetch(core, request); });
}

}  // namespace berth::agent
