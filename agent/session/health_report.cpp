#include "agent/session/health_report.hpp"

#include <utility>

namespace berth::agent {
namespace {

// amazon-ecs-agent, ecs-agent/tcs/client
constexpr size_t kTasksPerHealthMessage = 10;

bool isChecked(const Container& container) {
  return container.spec.healthCheckType == "docker" && container.known == ContainerStatus::Running;
}

std::string healthWord(HealthState state) {
  if (state == HealthState::Healthy) return "HEALTHY";
  if (state == HealthState::Unhealthy) return "UNHEALTHY";
  return "UNKNOWN";
}

}  // namespace

bool HealthReport::observe(const std::map<std::string, Task>& tasks, WallTime now) {
  bool changed = false;
  for (auto& [id, spell] : spells_) spell.seen = false;
  for (const auto& [arn, task] : tasks) {
    for (const Container& container : task.containers) {
      if (!isChecked(container)) continue;
      const auto [at, isNew] = spells_.try_emplace(container.runtimeId);
      Spell& spell = at->second;
      if (isNew || healthWord(spell.state) != healthWord(container.health)) {
        spell.since = now;
        changed |= !isNew || healthWord(container.health) != "UNKNOWN";
      }
      spell.state = container.health;
      spell.seen = true;
    }
  }
  std::erase_if(spells_, [](const auto& each) { return !each.second.seen; });
  return changed;
}

std::vector<tcs::PublishHealth> HealthReport::messages(const std::map<std::string, Task>& tasks,
                                                       const Identity& identity, const std::string& messageId,
                                                       WallTime now) const {
  tcs::PublishHealth empty;
  empty.metadata.cluster = identity.cluster;
  empty.metadata.containerInstance = identity.instanceArn;
  empty.metadata.messageId = messageId;
  empty.metadata.fin = false;
  empty.timestamp = now;
  std::vector<tcs::PublishHealth> out;
  for (const auto& [arn, task] : tasks) {
    tcs::TaskHealth health{arn, identity.cluster, task.spec.family, task.spec.version, {}};
    for (const Container& container : task.containers) {
      if (!isChecked(container)) continue;
      const auto spell = spells_.find(container.runtimeId);
      const WallTime since = spell == spells_.end() ? now : spell->second.since;
      health.containers.push_back({container.spec.name, healthWord(container.health), since, {}});
    }
    if (health.containers.empty()) continue;
    if (out.empty() || out.back().tasks.size() == kTasksPerHealthMessage) out.push_back(empty);
    out.back().tasks.push_back(std::move(health));
  }
  if (!out.empty()) out.back().metadata.fin = true;
  return out;
}

}  // namespace berth::agent
