// Who may have which credentials, and what the credentials endpoint answers. Functions of values; the waiting
// is task_server.hpp's. Shapes and codes: amazon-ecs-agent, ecs-agent/tmds/handlers/v1.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/endpoints/directory.hpp"
#include "agent/endpoints/message.hpp"

namespace berth::agent::endpoints {

/// Who holds the other end of a connection, as the host's kernel tells it.
struct PeerOwner {
  enum class Kind {
    Container,  ///< a process of the container `dockerId`
    Host,       ///< a process of the host, in no container (such as Docker's own log driver)
    Elsewhere,  ///< no socket of the host: another machine, or a container's own network
    Unclear,    ///< a socket of the host whose process could not be found
  };
  Kind kind = Kind::Unclear;
  std::string dockerId;
};

/// The owners of all connections that `address` has open to the task server: which of them a request came by
/// is not known, so a request is served only if every one of them may have the answer. Called on server
/// threads; bounded in cost. See agent/endpoints/host/peer_lookup.hpp.
using PeerCheck = std::function<std::vector<PeerOwner>(const std::string& address)>;

struct CredentialsRequest {
  std::string id;         ///< empty: the request has none
  std::string prefix;     ///< of messages: "CredentialsV1Request: "
  std::string auditPath;  ///< the path without the id
};

/// /v1/credentials?id=ID and /v2/credentials/ID; nullopt for every other path.
std::optional<CredentialsRequest> credentialsRequest(const Request& request);

enum class Access {
  Granted,
  Refused,  ///< the caller belongs to another task, or to none
  Unsure,   ///< who is calling is not known yet, or there are several: ask again shortly
};

/// A container's address must be one of the task's containers. Any other address is left to `peers`; without
/// it such requests are granted: the id is a secret of the task's.
Access credentialsAccess(const CredentialsState& state, const std::string& remoteAddress,
                         const Directory& directory, const PeerCheck& peers);

/// 200 with the five members that SDKs read.
Response credentialsFound(const RoleCredentials& credentials);
/// 400 NoIdInRequest, 400 InvalidIdInRequest, 503 CredentialsUninitialized.
Response credentialsWithoutId(const CredentialsRequest& request);
Response credentialsUnknown(const CredentialsRequest& request);
Response credentialsNotYet(const CredentialsRequest& request);
/// 403 AccessDenied; ours, naming the rule.
Response credentialsRefused(const CredentialsRequest& request, const std::string& remoteAddress);

}  // namespace berth::agent::endpoints
