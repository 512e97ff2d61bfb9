#include "agent/session/telemetry.hpp"

#include <algorithm>
#include <utility>

namespace berth::agent {
namespace {

constexpr size_t kTasksPerMessage = 10;
constexpr int64_t kLeastSamples = 2;
constexpr double kMiB = 1024.0 * 1024.0;

double inSeconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

void addNetwork(tcs::NetworkSets& sets, const NetworkUsage& now, const NetworkUsage& before, double elapsed) {
  sets.rxBytes.add(static_cast<double>(now.rxBytes));
  sets.rxPackets.add(static_cast<double>(now.rxPackets));
  sets.rxErrors.add(static_cast<double>(now.rxErrors));
  sets.rxDropped.add(static_cast<double>(now.rxDropped));
  sets.txBytes.add(static_cast<double>(now.txBytes));
  sets.txPackets.add(static_cast<double>(now.txPackets));
  sets.txErrors.add(static_cast<double>(now.txErrors));
  sets.txDropped.add(static_cast<double>(now.txDropped));
  sets.rxBytesPerSecond.add(static_cast<double>(now.rxBytes - std::min(now.rxBytes, before.rxBytes)) /
                            elapsed);
  sets.txBytesPerSecond.add(static_cast<double>(now.txBytes - std::min(now.txBytes, before.txBytes)) /
                            elapsed);
}

tcs::TaskMetric taskMetric(const Task& task, const Identity& identity) {
  tcs::TaskMetric out;
  out.taskArn = task.arn;
  out.clusterArn = identity.cluster;
  out.family = task.spec.family;
  out.version = task.spec.version;
  return out;
}

std::string healthWord(HealthState state) {
  if (state == HealthState::Healthy) return "HEALTHY";
  if (state == HealthState::Unhealthy) return "UNHEALTHY";
  return "UNKNOWN";
}

tcs::Metadata metadataOf(const Identity& identity, const std::string& messageId) {
  tcs::Metadata out;
  out.cluster = identity.cluster;
  out.containerInstance = identity.instanceArn;
  out.messageId = messageId;
  return out;
}

}  // namespace

void Telemetry::add(Series& series, const Usage& usage, MonoTime now) const {
  series.metric.memory.add(static_cast<double>(usage.memoryBytes) / kMiB);
  series.metric.readBytes.add(static_cast<double>(usage.readBytes));
  series.metric.writeBytes.add(static_cast<double>(usage.writeBytes));
  double elapsed = inSeconds(now - series.lastAt);
  if (series.last && elapsed > 0) {
    uint64_t used = usage.cpuNanos - std::min(usage.cpuNanos, series.last->cpuNanos);
    series.metric.cpu.add(static_cast<double>(used) / 1e9 / elapsed / static_cast<double>(cpus_) * 100.0);
    if (usage.network && series.last->network) {
      if (!series.metric.network) series.metric.network.emplace();
      addNetwork(*series.metric.network, *usage.network, *series.last->network, elapsed);
    }
  }
  series.last = usage;
  series.lastAt = now;
}

void Telemetry::sample(const std::map<std::string, Task>& tasks, UsageSource& source, MonoTime now) {
  for (auto& [id, series] : series_) series.seen = false;
  for (const auto& [arn, task] : tasks) {
    for (const Container& container : task.containers) {
      if (container.known != ContainerStatus::Running || container.pid == 0) continue;
      Series& series = series_[container.runtimeId];
      series.seen = true;
      bool own_network = task.spec.networkMode != "host" && task.spec.networkMode != "none";
      UsageTarget target{container.runtimeId, container.pid, own_network};
      if (auto usage = source.read(target)) add(series, *usage, now);
    }
  }
  for (auto it = series_.begin(); it != series_.end();) {
    if (it->second.seen) {
      ++it;
    } else {
      source.forget(it->first);
      it = series_.erase(it);
    }
  }
}

std::vector<tcs::PublishMetrics> Telemetry::takeMetrics(const std::map<std::string, Task>& tasks,
                                                        const Identity& identity,
                                                        const std::string& messageId, WallTime now) {
  std::vector<tcs::TaskMetric> metrics;
  for (const auto& [arn, task] : tasks) {
    tcs::TaskMetric out = taskMetric(task, identity);
    for (const Container& container : task.containers) {
      auto it = series_.find(container.runtimeId);
      if (it == series_.end() || it->second.metric.cpu.sampleCount < kLeastSamples) continue;
      tcs::ContainerMetric metric = std::exchange(it->second.metric, {});
      metric.name = container.spec.name;
      metric.arn = container.spec.containerArn;
      out.containers.push_back(std::move(metric));
    }
    if (!out.containers.empty()) metrics.push_back(std::move(out));
  }
  std::vector<tcs::PublishMetrics> messages;
  for (size_t first = 0; first == 0 || first < metrics.size(); first += kTasksPerMessage) {
    size_t last = std::min(metrics.size(), first + kTasksPerMessage);
    tcs::PublishMetrics message;
    message.metadata = metadataOf(identity, messageId);
    message.metadata.idle = metrics.empty();
    message.metadata.fin = last == metrics.size();
    message.timestamp = now;
    for (size_t i = first; i < last; ++i) message.tasks.push_back(std::move(metrics[i]));
    messages.push_back(std::move(message));
  }
  return messages;
}

std::optional<tcs::PublishHealth> Telemetry::health(const std::map<std::string, Task>& tasks,
                                                    const Identity& identity, const std::string& messageId,
                                                    WallTime now) {
  tcs::PublishHealth out;
  out.metadata = metadataOf(identity, messageId);
  out.timestamp = now;
  for (const auto& [arn, task] : tasks) {
    tcs::TaskHealth health;
    health.taskArn = arn;
    health.clusterArn = identity.cluster;
    health.family = task.spec.family;
    health.version = task.spec.version;
    for (const Container& container : task.containers) {
      bool checked = container.spec.healthCheckType == "docker";
      if (!checked || container.known != ContainerStatus::Running) continue;
      tcs::ContainerHealth one;
      one.name = container.spec.name;
      one.status = healthWord(container.health);
      health.containers.push_back(std::move(one));
    }
    if (!health.containers.empty()) out.tasks.push_back(std::move(health));
  }
  if (out.tasks.empty()) return std::nullopt;
  return out;
}

}  // namespace berth::agent
