#include "agent/secret_sources.hpp"

#include <utility>

#include "agent/options.hpp"
#include "agent/secrets/sources/aws_answers.hpp"

namespace berth::agent {

Result<std::unique_ptr<SecretSources>> SecretSources::make(FetchMeans means, const Config& config,
                                                           aws::CredentialsProvider& agents) {
  auto configured = parseConfiguredAuths(config.secrets.registryAuthType, config.secrets.registryAuthData);
  if (!configured) return configured.error().in("registry_auth");
  std::unique_ptr<SecretSources> out(new SecretSources);
  out->api_ = std::make_shared<AwsApi>(means, awsOptions(config));
  out->aws_ = std::make_unique<AwsSecrets>(out->api_);
  out->files_ = std::make_unique<AwsEnvironmentFiles>(out->api_);
  SecretPlaces places;
  places.aws = out->aws_.get();
  if (!config.secrets.directory.empty()) {
    out->file_ = std::make_unique<FileSecrets>(means, config.secrets.directory);
    places.file = out->file_.get();
    places.otherwise = SecretPlace::File;
  }
  if (!config.secrets.url.empty()) {
    HttpSecretsOptions options;
    options.url = config.secrets.url;
    options.tokenFile = config.secrets.tokenFile;
    options.userAgent = awsOptions(config).userAgent;
    auto http = HttpSecrets::make(means, options);
    if (!http) return http.error().in("secrets.url");
    out->http_ = std::move(*http);
    places.http = out->http_.get();
    places.otherwise = SecretPlace::Http;
  }
  out->all_ = std::make_unique<CompositeSecrets>(means, places);
  out->registryAuths_ =
      std::make_unique<RegistryAuthFetcher>(out->api_, agents, *out->all_, std::move(*configured));
  out->provisioner_ = std::make_unique<Provisioner>(*out->all_, *out->files_);
  return out;
}

SecretSources::~SecretSources() {
  if (api_) api_->stop();
}

Status SecretSources::reconfigure(const Config& config) {
  auto configured = parseConfiguredAuths(config.secrets.registryAuthType, config.secrets.registryAuthData);
  if (!configured) return configured.error().in("registry_auth");
  registryAuths_->reconfigure(std::move(*configured));
  return {};
}

}  // namespace berth::agent
