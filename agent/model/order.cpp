#include "agent/model/order.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace berth::agent {
namespace {

using acs::Condition;

std::string linked(const std::string& link) { return link.substr(0, link.find(':')); }

/// The containers that `container` needs, by whatever it says so.
std::set<std::string> needed(const acs::Container& container) {
  std::set<std::string> out;
  for (const acs::Dependency& dependency : container.dependsOn) out.insert(dependency.container);
  for (const std::string& link : container.links) out.insert(linked(link));
  for (const acs::VolumeFrom& from : container.volumesFrom) out.insert(from.sourceContainer);
  return out;
}

const Container* findContainer(const Task& task, const std::string& name) {
  for (const Container& container : task.containers) {
    if (container.spec.name == name) return &container;
  }
  return nullptr;
}

Gate waiting(const std::string& other, const char* what, std::optional<MonoTime> until = std::nullopt) {
  return Gate{Gate::State::Waiting, "container " + other + " to " + what, until};
}

Gate never(const std::string& other, const std::string& fact) {
  return Gate{Gate::State::Never, "dependency on container " + other + " can't be met: it " + fact, {}};
}

bool over(const Container& other) { return other.known == ContainerStatus::Stopped; }

/// While the other has not come to what is wanted of it: its startTimeout bounds the wait.
Gate untilTimeout(const Container& other, const char* what, MonoTime now) {
  // 0 is "not given" on the wire.
  if (other.spec.startTimeout.value_or(0) == 0 || !other.runningSince) return waiting(other.spec.name, what);
  const MonoTime until = *other.runningSince + std::chrono::seconds(*other.spec.startTimeout);
  if (now < until) return waiting(other.spec.name, what, until);
  return never(other.spec.name, "did not " + std::string(what) + " within its startTimeout of " +
                                    std::to_string(*other.spec.startTimeout) + " s");
}

Gate startedGate(const Container& other, ContainerStatus least) {
  if (over(other)) return hasRun(other) ? Gate{} : never(other.spec.name, "stopped without having run");
  if (other.known >= least) return {};
  return waiting(other.spec.name, least == ContainerStatus::Running ? "run" : "be created");
}

Gate endGate(const Container& other, bool success, MonoTime now) {
  if (!over(other)) return untilTimeout(other, "end", now);
  if (!other.exitCode) return never(other.spec.name, "stopped without having run");
  if (success && *other.exitCode != 0) {
    return never(other.spec.name, "ended with exit code " + std::to_string(*other.exitCode));
  }
  return {};
}

Gate healthGate(const Container& other, MonoTime now) {
  if (other.spec.healthCheckType.empty()) return never(other.spec.name, "has no health check");
  if (over(other)) return never(other.spec.name, "stopped before it was healthy");
  if (other.health == HealthState::Healthy && !other.restarting) return {};
  const bool runs = other.known == ContainerStatus::Running && !other.restarting && !other.uncertain;
  if (runs && other.health == HealthState::None) {
    return never(other.spec.name, "runs without a health check: neither it nor its image has one");
  }
  return untilTimeout(other, "be healthy", now);
}

Gate dependencyGate(const acs::Dependency& dependency, const Container& other, bool starting, MonoTime now) {
  switch (dependency.condition) {
    case Condition::Start:
      return startedGate(other, starting ? ContainerStatus::Running : ContainerStatus::Created);
    // Once they held when the container was created, they are not asked for again.
    case Condition::Complete:
      return starting ? Gate{} : endGate(other, false, now);
    case Condition::Success:
      return starting ? Gate{} : endGate(other, true, now);
    case Condition::Healthy:
      return starting ? Gate{} : healthGate(other, now);
  }
  return {};
}

/// The gate that decides: one that never opens before one that may.
void narrow(Gate& gate, Gate next) {
  if (gate.state == Gate::State::Never || next.state == Gate::State::Open) return;
  const bool sooner = next.until && (!gate.until || *next.until < *gate.until);
  if (next.state == Gate::State::Never || gate.state == Gate::State::Open) {
    const std::optional<MonoTime> until = gate.until;
    gate = std::move(next);
    if (until && (!gate.until || *until < *gate.until)) gate.until = until;
  } else if (sooner) {
    gate.until = next.until;
  }
}

Gate gateOf(const Task& task, const Container& container, bool starting, MonoTime now) {
  Gate gate;
  const auto among = [&](const std::string& name, auto decide) {
    if (const Container* other = findContainer(task, name)) narrow(gate, decide(*other));
  };
  for (const acs::Dependency& dependency : container.spec.dependsOn) {
    among(dependency.container,
          [&](const Container& other) { return dependencyGate(dependency, other, starting, now); });
  }
  const ContainerStatus least = starting ? ContainerStatus::Running : ContainerStatus::Created;
  for (const Container& other : task.containers) {
    if (other.internal && !container.internal) narrow(gate, startedGate(other, least));
  }
  for (const std::string& link : container.spec.links) {
    among(linked(link), [&](const Container& other) { return startedGate(other, least); });
  }
  for (const acs::VolumeFrom& from : container.spec.volumesFrom) {
    among(from.sourceContainer,
          [&](const Container& other) { return startedGate(other, ContainerStatus::Created); });
  }
  return gate;
}

/// Whether `from` is reached from itself by what it needs.
bool inCircle(const std::map<std::string, std::set<std::string>>& needs, const std::string& from) {
  std::set<std::string> seen;
  std::vector<std::string> next{from};
  while (!next.empty()) {
    const std::string name = next.back();
    next.pop_back();
    for (const std::string& other : needs.at(name)) {
      if (other == from) return true;
      if (seen.insert(other).second) next.push_back(other);
    }
  }
  return false;
}

}  // namespace

Gate createGate(const Task& task, const Container& container, MonoTime now) {
  return gateOf(task, container, false, now);
}

Gate startGate(const Task& task, const Container& container, MonoTime now) {
  return gateOf(task, container, true, now);
}

const Container* stopsBefore(const Task& task, const Container& container) {
  for (const Container& other : task.containers) {
    if (other.known == ContainerStatus::Stopped || &other == &container) continue;
    if (container.internal || needed(other.spec).contains(container.spec.name)) return &other;
  }
  return nullptr;
}

std::optional<std::string> brokenOrder(const acs::Task& task) {
  std::map<std::string, std::set<std::string>> needs;
  for (const acs::Container& container : task.containers) needs[container.name] = needed(container);
  if (needs.size() != task.containers.size()) return "two of its containers have the same name";
  for (const auto& [name, others] : needs) {
    for (const std::string& other : others) {
      if (!needs.contains(other))
        return "container " + name + " depends on " + other + ", which is not there";
    }
  }
  for (const auto& [name, others] : needs) {
    if (inCircle(needs, name)) return "container " + name + " depends on itself by way of others";
  }
  return std::nullopt;
}

}  // namespace berth::agent
