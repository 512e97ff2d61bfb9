// Everything that fetches secrets and credentials of registries, as the settings say it.
#pragma once

#include <memory>

#include "agent/config/config.hpp"
#include "agent/secrets/provisioner.hpp"
#include "agent/secrets/sources/aws_secrets.hpp"
#include "agent/secrets/sources/composite_secrets.hpp"
#include "agent/secrets/sources/file_secrets.hpp"
#include "agent/secrets/sources/http_secrets.hpp"
#include "agent/secrets/sources/registry_auths.hpp"

namespace berth::agent {

/// A secret whose name does not say where it is (an ARN, "file:", "http:") is looked for at secrets.url, else
/// in secrets.directory, else in AWS.
class SecretSources {
 public:
  /// `agents`: the agent's own credentials. InvalidArgument names the setting that is wrong. Everything
  /// passed must outlive the loop's last run.
  static Result<std::unique_ptr<SecretSources>> make(FetchMeans means, const Config& config,
                                                     aws::CredentialsProvider& agents);
  ~SecretSources();

  RegistryAuthSource& registryAuths() { return *registryAuths_; }
  Provisioner& provisioner() { return *provisioner_; }
  /// Takes over what applies while the agent runs. InvalidArgument as make(), and nothing is changed.
  Status reconfigure(const Config& config);

 private:
  SecretSources() = default;

  std::shared_ptr<AwsApi> api_;
  std::unique_ptr<AwsSecrets> aws_;
  std::unique_ptr<AwsEnvironmentFiles> files_;
  std::unique_ptr<FileSecrets> file_;
  std::unique_ptr<HttpSecrets> http_;
  std::unique_ptr<CompositeSecrets> all_;
  std::unique_ptr<RegistryAuthFetcher> registryAuths_;
  std::unique_ptr<Provisioner> provisioner_;
};

}  // namespace berth::agent
