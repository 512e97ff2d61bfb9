#include "controller/api/statistics.hpp"

#include <map>

namespace berth::controller {
namespace {

/// EC2 and External by their names in statistics; Berth has no tasks on Fargate, but says so.
struct PerLaunchType {
  int64_t ec2 = 0;
  int64_t external = 0;

  int64_t& of(const std::string& launchType) { return launchType == "EXTERNAL" ? external : ec2; }
  void put(Json& out, const std::string& before, const std::string& after) const {
    const auto add = [&](const char* type, int64_t value) {
      out.push_back({{"name", before + type + after}, {"value", std::to_string(value)}});
    };
    add("EC2", ec2);
    add("Fargate", 0);
    add("External", external);
  }
};

}  // namespace

int64_t activeServices(const State& state, const std::string& cluster) {
  int64_t out = 0;
  for (const auto& [key, service] : state.services()) {
    out += service.cluster == cluster && service.status == ServiceStatus::Active;
  }
  return out;
}

Json clusterStatistics(const State& state, const std::string& cluster) {
  PerLaunchType running;
  PerLaunchType pending;
  PerLaunchType active;
  PerLaunchType draining;
  for (const auto& task : state.tasks()) {
    if (task->spec->cluster != cluster) continue;
    const std::string& type = task->spec->launchType;
    running.of(type) += task->lastStatus == TaskStatus::Running || task->lastStatus == TaskStatus::Stopping;
    pending.of(type) += task->lastStatus == TaskStatus::Pending;
  }
  for (const auto& [key, service] : state.services()) {
    if (service.cluster != cluster) continue;
    active.of(service.launchType) += service.status == ServiceStatus::Active;
    draining.of(service.launchType) += service.status == ServiceStatus::Draining;
  }
  Json out = Json::array();
  running.put(out, "running", "TasksCount");
  pending.put(out, "pending", "TasksCount");
  active.put(out, "active", "ServiceCount");
  draining.put(out, "draining", "ServiceCount");
  return out;
}

}  // namespace berth::controller
