#include "agent/model/provisions.hpp"

#include <algorithm>

namespace berth::agent {

std::optional<Role> executionRole(const Task& task) {
  const auto& held = task.spec.executionCredentials;
  if (!held) return std::nullopt;
  return Role{held->id, held->roleArn, held->accessKeyId, held->secretAccessKey, held->sessionToken};
}

Provisions provisionsOf(const Task& task, const Container& container) {
  Provisions out;
  out.role = executionRole(task);
  for (const acs::Secret& secret : container.spec.secrets) {
    auto& list = secret.target == "LOG_DRIVER" ? out.logOptions : out.environment;
    list.push_back(SecretRequest{secret.name, secret.valueFrom, secret.provider, secret.region});
  }
  for (const acs::EnvironmentFile& file : container.spec.environmentFiles) {
    out.environmentFiles.push_back(file.value);
  }
  return out;
}

RegistryAuthRequest registryAuthOf(const Task& task, const Container& container) {
  const acs::RegistryAuthentication& from = container.spec.registryAuthentication;
  RegistryAuthRequest out{container.spec.image, std::monostate{}, executionRole(task)};
  if (from.type == "ecr") {
    out.data = EcrAuthData{from.registryId, from.region, from.endpointOverride, from.useExecutionRole};
  } else if (from.type == "asm") {
    out.data = AsmAuthData{from.credentialsParameter, from.region};
  }
  return out;
}

bool lacksCredentials(const Task& task, const Container& container) {
  if (task.executionRoleId.empty() || task.spec.executionCredentials) return false;
  const acs::RegistryAuthentication& auth = container.spec.registryAuthentication;
  if (container.known == ContainerStatus::None) {
    return auth.type == "asm" || (auth.type == "ecr" && auth.useExecutionRole);
  }
  return container.known == ContainerStatus::Pulled && !provisionsOf(task, container).empty();
}

}  // namespace berth::agent
