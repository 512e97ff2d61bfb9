// What a task needs to have fetched before its containers can be created: secrets, environment files, and
// the credentials of registries.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "common/result/result.hpp"

namespace berth::agent {

/// Credentials of a role, as a payload brings them (amazon-ecs-agent, acs/model: IAMRoleCredentials).
struct Role {
  std::string credentialsId;
  std::string roleArn;
  std::string accessKeyId;
  std::string secretAccessKey;
  std::string sessionToken;
};

/// One secret of a container.
struct SecretRequest {
  std::string name;       ///< of the variable or option that it becomes; for messages only
  std::string valueFrom;  ///< where the value is: see agent/secrets/value_from.hpp
  std::string provider;   ///< "ssm" (also when empty) or "asm"
  std::string region;     ///< empty: that of the ARN, else the agent's
  bool operator==(const SecretRequest&) const = default;
};

/// What is to be fetched for one container before it is created, and where it goes. Variables of secrets win
/// over the container's own, and those over environment files (amazon-ecs-agent, agent/taskresource).
struct Provisions {
  std::vector<SecretRequest> environment;  ///< by the variables' names
  std::vector<SecretRequest> logOptions;   ///< by the options' names
  std::vector<std::string> environmentFiles;
  std::optional<Role> role;  ///< the execution role
  bool empty() const { return environment.empty() && logOptions.empty() && environmentFiles.empty(); }
};

/// Where secrets come from. Error messages are a task's stopped reason as they stand, and never hold a value;
/// `retryable` says whether asking again can help. Errors: InvalidArgument (the request itself), NotFound,
/// PermissionDenied, Unauthenticated, FailedPrecondition (no execution role, or the source is not set up),
/// Unavailable, DeadlineExceeded, ResourceExhausted (throttled, or too big), Internal (a senseless answer).
class SecretSource {
 public:
  virtual ~SecretSource() = default;
  /// Answers the values in the order of `requests`, or the first failure. Ask once for a whole task: what its
  /// containers share is then fetched once. `role` is the execution role; sources off AWS do without.
  virtual void fetch(std::vector<SecretRequest> requests, std::optional<Role> role,
                     Callback<std::vector<std::string>> done) = 0;
};

/// Where environment files come from; errors as SecretSource.
class EnvironmentFileSource {
 public:
  virtual ~EnvironmentFileSource() = default;
  /// `value` is the ARN of an S3 object, "arn:aws:s3:::bucket/key". Answers the text of the file; read it
  /// with parseEnvironmentFile (agent/secrets/environment_file.hpp).
  virtual void fetch(std::string value, std::optional<Role> role, Callback<std::string> done) = 0;
};

/// registryAuthentication of type "ecr".
struct EcrAuthData {
  std::string registryId;
  std::string region;             ///< empty: the agent's
  std::string endpointOverride;   ///< empty: the region's
  bool useExecutionRole = false;  ///< false: with the agent's own credentials
};

/// registryAuthentication of type "asm": a secret with the text {"username":...,"password":...}.
struct AsmAuthData {
  std::string credentialsParameter;  ///< the secret's ARN or name
  std::string region;                ///< empty: that of the ARN, else the agent's
};

struct RegistryAuthRequest {
  std::string image;  ///< repo[:tag][@digest]
  /// Without either: what the agent's own settings say of the image's registry.
  std::variant<std::monostate, EcrAuthData, AsmAuthData> data;
  std::optional<Role> role;  ///< the execution role
};

/// Where the credentials of registries come from; errors as SecretSource.
class RegistryAuthSource {
 public:
  virtual ~RegistryAuthSource() = default;
  /// nullopt: the settings have none for this registry, so pull without. Messages of failures begin with the
  /// name that the container's reason has: "CannotPullECRContainerError: " (ECR) or
  /// "CannotPullContainerAuthError: " (a secret, or no execution role).
  virtual void fetch(RegistryAuthRequest request, Callback<std::optional<RegistryAuth>> done) = 0;
};

}  // namespace berth::agent
