#include "agent/model/report.hpp"

#include <algorithm>

#include "proto/ecs/agent_api.hpp"
#include "proto/ecs/last_lines.hpp"
#include "proto/ecs/text.hpp"

namespace berth::agent {
namespace {

bool isDue(const Container& container) {
  if (container.internal) return false;
  return container.known >= ContainerStatus::Running && container.known > container.sent;
}

/// One binding for each port; those of a containerPortRange are told as one, when they are in a row.
std::vector<PortMapping> bindingsOf(const Container& container) {
  std::vector<PortMapping> out;
  for (const PortMapping& port : container.ports) {
    // The service shows one binding a port; the IPv6 wildcard repeats the IPv4 one.
    if (port.bindIp == "::") continue;
    const auto range = std::ranges::find_if(container.spec.portMappings, [&](const acs::PortMapping& of) {
      return of.lastContainerPort != 0 && of.protocol == port.protocol &&
             of.containerPort <= port.containerPort && port.containerPort <= of.lastContainerPort;
    });
    if (range == container.spec.portMappings.end()) {
      out.push_back(port);
      continue;
    }
    const auto offset = static_cast<uint16_t>(port.containerPort - range->containerPort);
    PortMapping whole = port;
    whole.containerPort = static_cast<uint16_t>(range->containerPort);
    whole.lastContainerPort = static_cast<uint16_t>(range->lastContainerPort);
    whole.hostPort = static_cast<uint16_t>(port.hostPort - offset);
    whole.lastHostPort =
        static_cast<uint16_t>(whole.hostPort + range->lastContainerPort - range->containerPort);
    if (std::ranges::find(out, whole) == out.end()) out.push_back(std::move(whole));
  }
  return out;
}

ContainerReport reportOf(const Container& container) {
  ContainerReport report;
  report.name = container.spec.name;
  report.status = container.known;
  report.runtimeId = ecs::cut(container.runtimeId, ecs::kLongestRuntimeId);
  report.imageDigest = ecs::cut(container.imageDigest, ecs::kLongestImageDigest);
  report.exitCode = container.exitCode;
  report.reason = ecs::cut(container.reason, ecs::kLongestReason);
  report.ports = bindingsOf(container);
  if (container.known == ContainerStatus::Stopped) report.lastLines = ecs::tellable(container.lastLines);
  return report;
}

}  // namespace

std::optional<Report> dueReport(const Task& task, const std::set<std::string>& unread) {
  TaskStatus status = statusOf(task);
  if (status == TaskStatus::Stopped && !unread.empty()) return std::nullopt;
  const auto due = [&](const Container& c) { return isDue(c) && !unread.contains(c.spec.name); };
  bool container_due = std::any_of(task.containers.begin(), task.containers.end(), [&](const Container& c) {
    return due(c) && (status != TaskStatus::Pending || c.known == ContainerStatus::Stopped);
  });
  if (status <= task.sent && !container_due) return std::nullopt;
  Report report;
  report.taskArn = task.arn;
  report.status = status;
  if (status == TaskStatus::Stopped) report.reason = ecs::cut(task.reason, ecs::kLongestReason);
  for (const Container& container : task.containers) {
    if (due(container)) report.containers.push_back(reportOf(container));
  }
  report.network = task.network;
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
