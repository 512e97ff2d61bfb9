// What RunTask and StartTask share: checking the request and making tasks.
#pragma once

#include "controller/api/placement.hpp"
#include "controller/api/reply.hpp"
#include "controller/api/task_policy.hpp"

namespace berth::controller {

/// A checked request to launch tasks.
struct Launch {
  const Cluster* cluster = nullptr;
  const TaskDefinition* definition = nullptr;
  Shared<TaskSpec> spec;  ///< of each task
  std::string tags;       ///< likewise
  bool oldArn = false;    ///< the ARNs of its tasks are of the old format
  PlacementRequest placement;
  TaskPolicy policy;
};

/// A definition's network mode, which is awsvpc or not, and the networkConfiguration of `input` must go
/// together. Of it, subnets are taken: security groups and public addresses are not offered.
std::optional<ApiError> checkNetwork(const Json& input, bool awsvpc);

/// Resolves and checks what both operations take. Errors are those of RunTask in the Amazon ECS API
/// Reference.
ApiResult<Launch> prepareLaunch(const Context& context);

/// The part of it that the tasks of services share: what of the definition, the tags and the wishes for
/// placement.
ApiResult<Launch> resolveLaunch(const Context& context, const Cluster& cluster,
                                const TaskDefinition& definition);

/// Makes a PENDING task on an instance and stages it. `capacityProvider`: of the strategy that chose it, if
/// any.
Task launchOn(Context& context, const Launch& launch, const std::string& instanceId,
              const std::string& capacityProvider = {});

/// Makes a task that waits for a place for so long, and stages it: PROVISIONING.
Task launchWaiting(Context& context, const Launch& launch, const std::string& capacityProvider,
                   Duration wait);

struct Launched {
  std::string cluster;  ///< name
  TaskPolicy policy;
  std::vector<std::string> ids;  ///< of the tasks
  TasksReply reply;              ///< of RunTask
};

/// What RunTask does but for the clientToken and retries: checks the input, which has its shape, and starts
/// as many of its tasks as have a place or may wait for one.
ApiResult<Launched> launchTasks(Context& context);

}  // namespace berth::controller
