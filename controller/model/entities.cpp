#include "controller/model/entities.hpp"

#include <algorithm>
#include <utility>

namespace berth::controller {

void Resources::add(const Resources& other) {
  cpu += other.cpu;
  memory += other.memory;
  ports.insert(other.ports.begin(), other.ports.end());
  udpPorts.insert(other.udpPorts.begin(), other.udpPorts.end());
  gpus.insert(gpus.end(), other.gpus.begin(), other.gpus.end());
}

void Resources::subtract(const Resources& other) {
  cpu -= other.cpu;
  memory -= other.memory;
  for (uint16_t port : other.ports) ports.erase(port);
  for (uint16_t port : other.udpPorts) udpPorts.erase(port);
  for (const Gpu& gpu : other.gpus) {
    if (const auto found = std::ranges::find(gpus, gpu); found != gpus.end()) gpus.erase(found);
  }
}

const Attribute* Instance::attribute(const std::string& name) const {
  const auto found = std::ranges::find(attributes, name, &Attribute::name);
  return found == attributes.end() ? nullptr : &*found;
}

void Instance::setAttribute(const std::string& name, std::optional<std::string> value) {
  const auto found = std::ranges::find(attributes, name, &Attribute::name);
  if (found != attributes.end()) {
    found->value = std::move(value);
  } else {
    attributes.push_back({name, std::move(value)});
  }
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
