#include "agent/endpoints/credentials.hpp"

#include "agent/endpoints/documents.hpp"

namespace berth::agent::endpoints {
namespace {

Response credentialsError(int status, const char* code, const std::string& message) {
  return documentResponse({{"code", code}, {"message", message}, {"HTTPErrorCode", status}}, status);
}

bool mayHave(const PeerOwner& owner, const CredentialsState& state, const Directory& directory) {
  if (owner.kind == PeerOwner::Kind::Host) return true;
  if (owner.kind != PeerOwner::Kind::Container) return false;
  const auto found = directory.byDockerId(owner.dockerId);
  return found && found->task->taskArn == state.taskArn;
}

}  // namespace

std::optional<CredentialsRequest> credentialsRequest(const Request& request) {
  if (request.path == "/v1/credentials") {
    return CredentialsRequest{queryValue(request.query, "id"), "CredentialsV1Request: ", request.path};
  }
  const auto parts = pathParts(request.path);
  if (!parts || parts->size() < 2 || (*parts)[0] != "v2" || (*parts)[1] != "credentials") return std::nullopt;
  if (parts->size() > 3) return std::nullopt;
  return CredentialsRequest{parts->size() == 3 ? (*parts)[2] : "",
                            "CredentialsV2Request: ", "/v2/credentials"};
}

Access credentialsAccess(const CredentialsState& state, const std::string& remoteAddress,
                         const Directory& directory, const PeerCheck& peers) {
  const std::string address = plainAddress(remoteAddress);
  if (const auto task = directory.byAddress(address)) {
    return task->taskArn == state.taskArn ? Access::Granted : Access::Refused;
  }
  if (!peers) return Access::Granted;
  const std::vector<PeerOwner> owners = peers(address);
  size_t good = 0;
  bool doubt = owners.empty();
  for (const PeerOwner& owner : owners) {
    good += mayHave(owner, state, directory) ? 1 : 0;
    // A container that has just started may not be in the directory yet.
    const bool stranger =
        owner.kind == PeerOwner::Kind::Container && !directory.byDockerId(owner.dockerId).has_value();
    doubt = doubt || stranger || owner.kind == PeerOwner::Kind::Elsewhere ||
            owner.kind == PeerOwner::Kind::Unclear;
  }
  if (good == owners.size() && !doubt) return Access::Granted;
  return doubt || good > 0 ? Access::Unsure : Access::Refused;
}

Response credentialsFound(const RoleCredentials& credentials) {
  return documentResponse({{"RoleArn", credentials.roleArn},
                           {"AccessKeyId", credentials.accessKeyId},
                           {"SecretAccessKey", credentials.secretAccessKey},
                           {"Token", credentials.sessionToken},
                           {"Expiration", credentials.expiration}});
}

Response credentialsWithoutId(const CredentialsRequest& request) {
  return credentialsError(400, "NoIdInRequest", request.prefix + "No Credential ID in the request");
}

Response credentialsUnknown(const CredentialsRequest& request) {
  return credentialsError(400, "InvalidIdInRequest", request.prefix + "Credentials not found");
}

Response credentialsNotYet(const CredentialsRequest& request) {
  return credentialsError(503, "CredentialsUninitialized",
                          request.prefix + "Credentials uninitialized for ID");
}

Response credentialsRefused(const CredentialsRequest& request, const std::string& remoteAddress) {
  return credentialsError(403, "AccessDenied",
                          request.prefix + "only containers of a task get its credentials, and " +
                              remoteAddress + " is not known as one of this task's containers");
}

}  // namespace berth::agent::endpoints
