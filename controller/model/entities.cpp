#include "controller/model/entities.hpp"

namespace berth::controller {

void Resources::add(const Resources& other) {
  cpu += other.cpu;
  memory += other.memory;
  ports.insert(other.ports.begin(), other.ports.end());
  udpPorts.insert(other.udpPorts.begin(), other.udpPorts.end());
}

void Resources::subtract(const Resources& other) {
  cpu -= other.cpu;
  memory -= other.memory;
  for (uint16_t port : other.ports) ports.erase(port);
  for (uint16_t port : other.udpPorts) udpPorts.erase(port);
}

std::string_view TaskDefinition::status() const {
  if (deleteRequestedAt) return "DELETE_IN_PROGRESS";
  return active ? "ACTIVE" : "INACTIVE";
}

std::string_view name(TaskStatus status) {
  switch (status) {
    case TaskStatus::Pending:
      return "PENDING";
    case TaskStatus::Running:
      return "RUNNING";
    case TaskStatus::Stopping:
      return "STOPPING";
    case TaskStatus::Stopped:
      return "STOPPED";
  }
  return "PENDING";
}

std::string_view name(ContainerStatus status) {
  switch (status) {
    case ContainerStatus::Pending:
      return "PENDING";
    case ContainerStatus::Running:
      return "RUNNING";
    case ContainerStatus::Stopped:
      return "STOPPED";
  }
  return "PENDING";
}

TaskContainer* Task::find(std::string_view containerName) {
  for (TaskContainer& container : containers) {
    if (container.name == containerName) return &container;
  }
  return nullptr;
}

}  // namespace berth::controller
