// What the controller is still to be told of a task. Derived from the difference between what is known and
// what was accepted, so nothing is queued twice and a restart reports exactly what is open.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/model/task.hpp"

namespace berth::agent {

struct ContainerReport {
  std::string name;
  ContainerStatus status = ContainerStatus::None;  ///< Running or Stopped
  std::string runtimeId;
  std::string imageDigest;
  std::optional<int> exitCode;
  std::string reason;
  std::vector<PortMapping> ports;
  std::vector<std::string> lastLines;  ///< of its output, of one that has ended by itself; as tellable() says
};

struct Report {
  std::string taskArn;
  TaskStatus status = TaskStatus::Pending;
  std::string reason;
  std::vector<ContainerReport> containers;
  std::optional<TaskNetwork> network{};  ///< the task's own, if it has one
  std::optional<WallTime> pullStartedAt;
  std::optional<WallTime> pullStoppedAt;
  std::optional<WallTime> executionStoppedAt;
};

/// The report that is due, if any: when the task's status has moved on, or a container of a task that is past
/// PENDING has. Containers that merely run while others still start wait for the task's RUNNING.
/// The end of a container in `unread`, whose last lines are still being read, waits, and with it that of its
/// task. Cut to the lengths of amazon-ecs-agent, ecs-agent/api/ecs/client.
std::optional<Report> dueReport(const Task& task, const std::set<std::string>& unread = {});

/// The controller has accepted `report`: what it said is no longer due.
void accept(Task& task, const Report& report);

}  // namespace berth::agent
