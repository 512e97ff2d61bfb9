// Credentials of registries: from ECR, from a secret, or from the agent's settings.
#pragma once

#include <memory>

#include "agent/secrets/configured_auth.hpp"
#include "agent/secrets/sources/aws_api.hpp"

namespace berth::agent {

/// Tokens of ECR are kept as EcrTokens says, and requests for the same one share a call. Secrets are not
/// kept.
class RegistryAuthFetcher final : public RegistryAuthSource {
 public:
  /// `agents` signs for ECR when the execution role is not wanted; `secrets` has the secrets of "asm"
  /// requests. Both must outlive the loop's last run.
  RegistryAuthFetcher(std::shared_ptr<AwsApi> api, aws::CredentialsProvider& agents, SecretSource& secrets,
                      RegistryAuths configured);
  ~RegistryAuthFetcher() override;
  /// What the settings say from now on.
  void reconfigure(RegistryAuths configured);
  void fetch(RegistryAuthRequest request, Callback<std::optional<RegistryAuth>> done) override;

 private:
  struct Core;

  std::shared_ptr<Core> core_;
  std::stop_source gone_;
};

}  // namespace berth::agent
