// Secrets and environment files from AWS, or from services that speak as AWS does.
#pragma once

#include <memory>

#include "agent/secrets/sources/aws_api.hpp"

namespace berth::agent {

/// SSM GetParameters and Secrets Manager GetSecretValue, always by the execution role.
class AwsSecrets final : public SecretSource {
 public:
  explicit AwsSecrets(std::shared_ptr<AwsApi> api) : api_(std::move(api)) {}
  ~AwsSecrets() override { gone_.request_stop(); }
  void fetch(std::vector<SecretRequest> requests, std::optional<Role> role,
             Callback<std::vector<std::string>> done) override;

 private:
  std::shared_ptr<AwsApi> api_;
  std::stop_source gone_;
};

/// S3 GetObject by the execution role; the region is found out when it is not the agent's.
class AwsEnvironmentFiles final : public EnvironmentFileSource {
 public:
  explicit AwsEnvironmentFiles(std::shared_ptr<AwsApi> api) : api_(std::move(api)) {}
  ~AwsEnvironmentFiles() override { gone_.request_stop(); }
  void fetch(std::string value, std::optional<Role> role, Callback<std::string> done) override;

 private:
  std::shared_ptr<AwsApi> api_;
  std::stop_source gone_;
};

}  // namespace berth::agent
