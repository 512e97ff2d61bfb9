#include "agent/model/report.hpp"

#include <algorithm>

#include "proto/ecs/agent_api.hpp"
#include "proto/ecs/text.hpp"

namespace berth::agent {
namespace {

bool isDue(const Container& container) {
  return container.known >= ContainerStatus::Running && container.known > container.sent;
}

ContainerReport reportOf(const Container& container) {
  ContainerReport report;
  report.name = container.spec.name;
  report.status = container.known;
  report.runtimeId = ecs::cut(container.runtimeId, ecs::kLongestRuntimeId);
  report.imageDigest = ecs::cut(container.imageDigest, ecs::kLongestImageDigest);
  report.exitCode = container.exitCode;
  report.reason = ecs::cut(container.reason, ecs::kLongestReason);
  for (const PortMapping& port : container.ports) {
    // The service shows one binding a port; the IPv6 wildcard repeats the IPv4 one.
    if (port.bindIp != "::") report.ports.push_back(port);
  }
  return report;
}

}  // namespace

std::optional<Report> dueReport(const Task& task) {
  TaskStatus status = statusOf(task);
  bool container_due = std::any_of(task.containers.begin(), task.containers.end(), [&](const Container& c) {
    return isDue(c) && (status != TaskStatus::Pending || c.known == ContainerStatus::Stopped);
  });
  if (status <= task.sent && !container_due) return std::nullopt;
  Report report;
  report.taskArn = task.arn;
  report.status = status;
  if (status == TaskStatus::Stopped) report.reason = ecs::cut(task.reason, ecs::kLongestReason);
  for (const Container& container : task.containers) {
    if (isDue(container)) report.containers.push_back(reportOf(container));
  }
  report.pullStartedAt = task.pullStartedAt;
  report.pullStoppedAt = task.pullStoppedAt;
  report.executionStoppedAt = task.executionStoppedAt;
  return report;
}

void accept(Task& task, const Report& report) {
  task.sent = std::max(task.sent, report.status);
  for (const ContainerReport& told : report.containers) {
    if (Container* container = task.find(told.name)) container->sent = std::max(container->sent, told.status);
  }
}

}  // namespace berth::agent
