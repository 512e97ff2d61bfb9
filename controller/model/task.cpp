#include "controller/model/task.hpp"

#include <algorithm>

namespace berth::controller {

std::string_view name(TaskStatus status) {
  switch (status) {
    case TaskStatus::Provisioning:
      return "PROVISIONING";
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

std::string_view name(Health health) {
  switch (health) {
    case Health::Unknown:
      return "UNKNOWN";
    case Health::Healthy:
      return "HEALTHY";
    case Health::Unhealthy:
      return "UNHEALTHY";
  }
  return "UNKNOWN";
}

std::optional<Health> healthOf(std::string_view word) {
  for (const Health health : {Health::Unknown, Health::Healthy, Health::Unhealthy}) {
    if (name(health) == word) return health;
  }
  return std::nullopt;
}

bool checksHealth(const TaskSpec& spec) {
  return std::ranges::any_of(spec.containers,
                             [](const ContainerSpec& one) { return one.essential && one.checksHealth; });
}

Health healthOf(const Task& task) {
  size_t checked = 0;
  size_t healthy = 0;
  for (size_t place = 0; place < task.containers.size(); ++place) {
    const ContainerSpec& spec = task.spec->containers[place];
    if (!spec.essential || !spec.checksHealth) continue;
    if (task.containers[place].health == Health::Unhealthy) return Health::Unhealthy;
    ++checked;
    healthy += task.containers[place].health == Health::Healthy;
  }
  return checked > 0 && healthy == checked ? Health::Healthy : Health::Unknown;
}

TaskContainer* Task::find(std::string_view containerName) {
  for (size_t place = 0; place < containers.size(); ++place) {
    if (spec->containers[place].name == containerName) return &containers[place];
  }
  return nullptr;
}

std::string Task::containerId(size_t place) const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr size_t kLast = 8;  // digits that differ from one container of a task to the next
  std::string digits = id;
  std::erase(digits, '-');
  digits.resize(32, '0');
  // An odd factor: no two places below 2^32 come to the same number.
  auto mixed = static_cast<uint32_t>((place + 1) * 0x9e3779b1U);
  for (size_t i = digits.size() - kLast; i < digits.size(); ++i, mixed >>= 4) {
    const size_t digit = kDigits.find(digits[i]);
    digits[i] = kDigits[(digit == std::string_view::npos ? 0 : digit) ^ (mixed & 15)];
  }
  digits[12] = '4';
  digits[16] = "89ab"[kDigits.find(digits[16]) & 3];
  for (const size_t dash : {8, 13, 18, 23}) digits.insert(dash, 1, '-');
  return digits;
}

std::optional<WallTime> Task::livesUntil() const {
  const bool limited = spec->lifetimeMillis > 0 && startedAt && !stopWanted;
  if (!limited || lastStatus == TaskStatus::Stopped) return std::nullopt;
  return *startedAt + std::chrono::milliseconds(spec->lifetimeMillis);
}

}  // namespace berth::controller
