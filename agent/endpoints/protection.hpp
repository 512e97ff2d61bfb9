// Task protection: what a container asks about its own task, passed on to ECS with the task role's
// credentials. Shapes, codes and texts: amazon-ecs-agent, ecs-agent/tmds/handlers/taskprotection/v1.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/endpoints/directory.hpp"
#include "agent/endpoints/message.hpp"

namespace berth::agent::endpoints {

struct ProtectionUpdate {
  bool enabled = false;
  std::optional<int64_t> expiresInMinutes;
};

struct ProtectionCall {
  std::string cluster;  ///< as configured
  std::string taskArn;
  std::shared_ptr<const RoleCredentials> credentials;  ///< of the task's role; never null
  std::optional<ProtectionUpdate> update;              ///< nullopt: GetTaskProtection
};

struct ProtectedTask {
  std::string taskArn;
  bool enabled = false;
  std::optional<WallTime> expires;
};

struct ProtectionFailure {
  std::string arn;
  std::string detail;
  std::string reason;
};

/// What ECS answered.
struct ProtectionResult {
  std::vector<ProtectedTask> tasks;
  std::vector<ProtectionFailure> failures;
};

/// The call failed. `status` and `code` are the API's; without an answer of the API they are 500 and
/// "ServerException".
struct ProtectionError {
  int status = 500;
  std::string code = "ServerException";
  std::string message = {};
  std::optional<std::string> requestId = {};
};

using ProtectionAnswer = std::variant<ProtectionResult, ProtectionError>;

/// The ECS operations GetTaskProtection and UpdateTaskProtection.
class ProtectionClient {
 public:
  virtual ~ProtectionClient() = default;
  /// Called on a server's thread; returns at once. `done` may be called on any thread, at most once counts.
  virtual void call(ProtectionCall call, std::function<void(ProtectionAnswer)> done) = 0;
};

/// The endpoint id of "/api/ID/task-protection/v1/state"; nullopt for every other path.
std::optional<std::string> protectionEndpointId(const std::string& path);

/// The task has a role whose credentials have still to come.
struct ProtectionNotYet {
  Response refusal;  ///< of a request that can't wait for them
};

/// The call that a request wants, or the answer that refuses it.
std::variant<ProtectionCall, ProtectionNotYet, Response> protectionCall(const Request& request,
                                                                        const std::string& endpointId,
                                                                        const Directory& directory);

Response protectionResponse(const std::string& taskArn, const ProtectionAnswer& answer);
/// 504 RequestCanceled.
Response protectionTimedOut(const std::string& taskArn);

}  // namespace berth::agent::endpoints
