#include "controller/events/service_watch.hpp"

#include <algorithm>
#include <ranges>
#include <string_view>

namespace berth::controller {
namespace {

struct MessageRow {
  std::string_view part;  ///< of the message
  const char* type;
  const char* name;
  const char* ofTaskSet;
};

constexpr MessageRow kMessages[] = {
    {"has reached a steady state", "INFO", "SERVICE_STEADY_STATE", "TASKSET_STEADY_STATE"},
    {"was unable to place a task", "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE",
     "SERVICE_TASK_PLACEMENT_FAILURE"},
    {"is unable to consistently start tasks", "WARN", "SERVICE_TASK_START_IMPAIRED",
     "SERVICE_TASK_START_IMPAIRED"},
    {"has stopped", "INFO", "TASKS_STOPPED", "TASKS_STOPPED"},
};

struct RolloutRow {
  const char* type;
  const char* name;
  const char* said;  ///< when the deployment itself gives no reason
};

RolloutRow rowOf(RolloutState state) {
  switch (state) {
    case RolloutState::Completed:
      return {"INFO", "SERVICE_DEPLOYMENT_COMPLETED", "completed"};
    case RolloutState::Failed:
      return {"ERROR", "SERVICE_DEPLOYMENT_FAILED", "failed"};
    case RolloutState::InProgress:
      break;
  }
  return {"INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", "in progress"};
}

ServiceNote noteOf(const Service& service, const Deployment& deployment) {
  const RolloutRow row = rowOf(deployment.rollout);
  std::string reason = deployment.rolloutReason;
  if (reason.empty()) reason = "ECS deployment " + deployment.id + " " + row.said + ".";
  return {service.cluster, service.name, deployment.id, row.type, row.name, reason, deployment.updatedAt};
}

}  // namespace

void ServiceWatch::know(const Service& service) {
  Known& known = known_[service.key()];
  known.lastEvent = service.events.empty() ? "" : service.events.front().id;
  known.deployments.clear();
  for (const Deployment& deployment : service.deployments)
    known.deployments.emplace(deployment.id, deployment.rollout);
}

std::vector<ServiceNote> ServiceWatch::notesOf(const Service& service) {
  const Known& known = known_[service.key()];
  std::vector<ServiceNote> out;
  // Both lists have the newest first.
  for (const Deployment& deployment : service.deployments | std::views::reverse) {
    const auto before = known.deployments.find(deployment.id);
    if (before == known.deployments.end() || before->second != deployment.rollout)
      out.push_back(noteOf(service, deployment));
  }
  const auto fresh = std::ranges::find(service.events, known.lastEvent, &ServiceEvent::id);
  for (const ServiceEvent& event :
       std::ranges::subrange(service.events.begin(), fresh) | std::views::reverse) {
    const auto* row = std::ranges::find_if(
        kMessages, [&](const MessageRow& one) { return event.message.find(one.part) != std::string::npos; });
    if (row == std::end(kMessages)) continue;
    const bool task_set = event.message.find(", taskSet ") != std::string::npos;
    out.push_back({service.cluster, service.name, "", row->type, task_set ? row->ofTaskSet : row->name,
                   event.message, event.createdAt});
  }
  know(service);
  return out;
}

}  // namespace berth::controller
