// What has to be there before the first container of a task is created.
#pragma once

#include "agent/model/task.hpp"
#include "agent/ports/task_resources.hpp"

namespace berth::agent {

struct GroupRules {
  bool enabled = true;
  int64_t pids = 0;           ///< of each task; 0: no limit
  bool matchVolumes = false;  ///< shared volumes that exist must be as the task says
};

/// Volumes without a path of the host and those of drivers; a control group when the task has a size of its
/// own or processes are limited (amazon-ecs-agent, agent/api/task/task_linux.go); host ports for ranges, and
/// for containers that are started again, as they have to keep theirs; a network with an address of the
/// task's own. Containers that are created already
/// need no ports any more.
TaskSetUp setUpOf(const Task& task, const GroupRules& rules);

}  // namespace berth::agent
