#include "controller/model/services.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace berth::controller {
namespace {

constexpr std::string_view kServiceGroup = "service:";
constexpr int64_t kLeastThreshold = 3;
constexpr int64_t kMostThreshold = 200;

}  // namespace

std::string_view name(ServiceStatus status) {
  switch (status) {
    case ServiceStatus::Active:
      return "ACTIVE";
    case ServiceStatus::Draining:
      return "DRAINING";
    case ServiceStatus::Inactive:
      return "INACTIVE";
  }
  return "ACTIVE";
}

std::string_view name(SchedulingStrategy strategy) {
  return strategy == SchedulingStrategy::Daemon ? "DAEMON" : "REPLICA";
}

std::string_view name(DeploymentController controller) {
  return controller == DeploymentController::External ? "EXTERNAL" : "ECS";
}

std::string_view name(CircuitBreaker::Threshold type) {
  switch (type) {
    case CircuitBreaker::Threshold::BoundedPercent:
      return "BOUNDED_PERCENT";
    case CircuitBreaker::Threshold::UnboundedPercent:
      return "UNBOUNDED_PERCENT";
    case CircuitBreaker::Threshold::Count:
      return "COUNT";
  }
  return "BOUNDED_PERCENT";
}

std::string_view name(RolloutState state) {
  switch (state) {
    case RolloutState::InProgress:
      return "IN_PROGRESS";
    case RolloutState::Completed:
      return "COMPLETED";
    case RolloutState::Failed:
      return "FAILED";
  }
  return "IN_PROGRESS";
}

std::string_view name(ServiceDeploymentStatus status) {
  switch (status) {
    case ServiceDeploymentStatus::Pending:
      return "PENDING";
    case ServiceDeploymentStatus::InProgress:
      return "IN_PROGRESS";
    case ServiceDeploymentStatus::Successful:
      return "SUCCESSFUL";
    case ServiceDeploymentStatus::StopRequested:
      return "STOP_REQUESTED";
    case ServiceDeploymentStatus::Stopped:
      return "STOPPED";
    case ServiceDeploymentStatus::RollbackRequested:
      return "ROLLBACK_REQUESTED";
    case ServiceDeploymentStatus::RollbackInProgress:
      return "ROLLBACK_IN_PROGRESS";
    case ServiceDeploymentStatus::RollbackSuccessful:
      return "ROLLBACK_SUCCESSFUL";
    case ServiceDeploymentStatus::RollbackFailed:
      return "ROLLBACK_FAILED";
  }
  return "PENDING";
}

std::string_view name(BreakerStatus status) {
  switch (status) {
    case BreakerStatus::Disabled:
      return "DISABLED";
    case BreakerStatus::Monitoring:
      return "MONITORING";
    case BreakerStatus::MonitoringComplete:
      return "MONITORING_COMPLETE";
    case BreakerStatus::Triggered:
      return "TRIGGERED";
  }
  return "DISABLED";
}

std::string_view name(AlarmState state) {
  switch (state) {
    case AlarmState::Ok:
      return "OK";
    case AlarmState::Alarm:
      return "ALARM";
    case AlarmState::InsufficientData:
      return "INSUFFICIENT_DATA";
  }
  return "INSUFFICIENT_DATA";
}

std::string_view name(TaskSetStatus status) {
  switch (status) {
    case TaskSetStatus::Primary:
      return "PRIMARY";
    case TaskSetStatus::Active:
      return "ACTIVE";
    case TaskSetStatus::Draining:
      return "DRAINING";
  }
  return "ACTIVE";
}

int64_t CircuitBreaker::thresholdFor(int64_t desired) const {
  if (type == Threshold::Count) return value;
  const int64_t part = (desired * value + 99) / 100;
  return type == Threshold::UnboundedPercent ? part : std::clamp(part, kLeastThreshold, kMostThreshold);
}

const Deployment* Service::primary() const {
  const auto found = std::ranges::find(deployments, true, &Deployment::primary);
  return found == deployments.end() ? nullptr : &*found;
}

Deployment* Service::primary() { return const_cast<Deployment*>(std::as_const(*this).primary()); }

void Service::addEvent(ServiceEvent event) {
  events.insert(events.begin(), std::move(event));
  if (events.size() > kMostEvents) events.resize(kMostEvents);
}

bool ServiceDeployment::open() const {
  return status == ServiceDeploymentStatus::Pending || status == ServiceDeploymentStatus::InProgress;
}

bool ServiceDeployment::finished() const {
  return status == ServiceDeploymentStatus::Successful || status == ServiceDeploymentStatus::Stopped ||
         status == ServiceDeploymentStatus::RollbackSuccessful ||
         status == ServiceDeploymentStatus::RollbackFailed;
}

int64_t TaskSet::desiredOf(int64_t serviceCount) const {
  return static_cast<int64_t>(std::ceil(static_cast<double>(serviceCount) * scale / 100));
}

std::string serviceGroup(const std::string& name) { return std::string(kServiceGroup) + name; }

std::optional<std::string> serviceOfGroup(std::string_view group) {
  if (!group.starts_with(kServiceGroup)) return std::nullopt;
  return std::string(group.substr(kServiceGroup.size()));
}

}  // namespace berth::controller
