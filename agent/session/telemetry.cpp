#include "agent/session/telemetry.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proto/tcs/codec.hpp"

namespace berth::agent {
namespace {

constexpr size_t kTasksPerMessage = 10;
constexpr double kMiB = 1024.0 * 1024.0;

double inSeconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

/// How much a counter has grown; 0 when it has begun anew.
double growth(uint64_t now, uint64_t before) { return static_cast<double>(now - std::min(now, before)); }

void addNetwork(tcs::NetworkSets& sets, const NetworkUsage& now, const NetworkUsage& before, double elapsed) {
  sets.rxBytes.add(now.rxBytes);
  sets.rxPackets.add(now.rxPackets);
  sets.rxErrors.add(now.rxErrors);
  sets.rxDropped.add(now.rxDropped);
  sets.txBytes.add(now.txBytes);
  sets.txPackets.add(now.txPackets);
  sets.txErrors.add(now.txErrors);
  sets.txDropped.add(now.txDropped);
  sets.rxBytesPerSecond.add(growth(now.rxBytes, before.rxBytes) / elapsed);
  sets.txBytesPerSecond.add(growth(now.txBytes, before.txBytes) / elapsed);
}

/// Counts on from where the container's life before this one ended (amazon-ecs-agent, agent/stats/queue.go).
SharedUsage carriedOn(const Usage& current, const Usage& ended) {
  const auto carried = std::make_shared<Usage>(current);
  Usage& usage = *carried;
  usage.cpuNanos += ended.cpuNanos;
  usage.cpuUserNanos += ended.cpuUserNanos;
  usage.cpuKernelNanos += ended.cpuKernelNanos;
  for (const BlockUsage& before : ended.blocks) {
    const auto same = [&](const BlockUsage& now) {
      return now.major == before.major && now.minor == before.minor;
    };
    const auto now = std::ranges::find_if(usage.blocks, same);
    if (now == usage.blocks.end()) {
      usage.blocks.push_back(before);
    } else {
      now->readBytes += before.readBytes;
      now->writeBytes += before.writeBytes;
    }
  }
  if (!usage.networks || !ended.networks) return carried;
  for (auto& [name, now] : *usage.networks) {
    if (const auto before = ended.networks->find(name); before != ended.networks->end())
      now += before->second;
  }
  return carried;
}

bool hasOwnNetwork(const Task& task) {
  return task.spec.networkMode != "host" && task.spec.networkMode != "none";
}

tcs::PublishMetrics messageOf(const Identity& identity, const std::string& messageId, WallTime now) {
  tcs::PublishMetrics message;
  message.metadata.cluster = identity.cluster;
  message.metadata.containerInstance = identity.instanceArn;
  message.metadata.messageId = messageId;
  message.timestamp = now;
  return message;
}

}  // namespace

void Telemetry::add(Series& series, const Usage& usage, MonoTime now) const {
  tcs::ContainerMetric& metric = series.metric;
  metric.memory.add(static_cast<double>(usage.memoryBytes) / kMiB);
  BlockUsage blocks;
  for (const BlockUsage& device : usage.blocks) {
    blocks.readBytes += device.readBytes;
    blocks.writeBytes += device.writeBytes;
  }
  metric.readBytes.add(blocks.readBytes);
  metric.writeBytes.add(blocks.writeBytes);
  if (!series.last) return;
  const double elapsed = inSeconds(now - series.lastAt);
  if (elapsed <= 0) return;
  const double used = growth(usage.cpuNanos, series.last->cpuNanos) / 1e9;
  metric.cpu.add(used / elapsed / static_cast<double>(cpus_) * 100.0);
  if (!usage.networks || !series.last->networks) return;
  if (!metric.network) metric.network.emplace();
  addNetwork(*metric.network, sumOf(*usage.networks), sumOf(*series.last->networks), elapsed);
}

void Telemetry::startRound(MonoTime now) {
  roundBegan_ = now;
  for (auto& [id, series] : series_) series.metric = {};
}

/// The series of each of targets_, which are made anew.
std::vector<Telemetry::Series*> Telemetry::aim(const std::map<std::string, Task>& tasks) {
  for (auto& [id, series] : series_) series.seen = false;
  std::vector<Series*> out;
  for (const auto& [arn, task] : tasks) {
    for (const Container& container : task.containers) {
      if (container.known != ContainerStatus::Running || container.runtimeId.empty()) continue;
      if (container.internal) continue;
      const auto [at, isNew] = series_.try_emplace(container.runtimeId);
      Series& series = at->second;
      series.seen = true;
      if (isNew) series.restartsTold = container.restarts;
      // Between two lives of a container that is being restarted.
      if (container.pid == 0) continue;
      if (series.pid != container.pid && series.last) series.ended = series.last;
      series.pid = container.pid;
      if (targets_.size() == out.size()) targets_.emplace_back();
      UsageTarget& target = targets_[out.size()];
      target.containerId = container.runtimeId;
      target.pid = container.pid;
      target.ownNetwork = hasOwnNetwork(task);
      out.push_back(&series);
    }
  }
  targets_.resize(out.size());
  return out;
}

void Telemetry::sample(const std::map<std::string, Task>& tasks, UsageSource& source, MonoTime now,
                       const UsageListener& listener) {
  if (!roundBegan_) roundBegan_ = now;
  if (now - *roundBegan_ > longestRound_) startRound(now);
  const std::vector<Series*> targeted = aim(tasks);
  const UsageBatch batch = source.readAll(targets_);
  for (size_t i = 0; i < targeted.size(); ++i) {
    const Result<SharedUsage>& reading = batch.containers[i];
    if (!reading) continue;
    Series& series = *targeted[i];
    const SharedUsage usage = series.ended ? carriedOn(**reading, *series.ended) : *reading;
    add(series, *usage, now);
    if (listener.read) listener.read(targets_[i].containerId, usage, batch.host);
    series.last = usage;
    series.lastAt = now;
  }
  std::erase_if(series_, [&](const auto& each) {
    const bool gone = !each.second.seen;
    if (gone && each.second.last && listener.gone) listener.gone(each.first);
    return gone;
  });
}

std::vector<tcs::TaskMetric> Telemetry::takeTasks(const std::map<std::string, Task>& tasks,
                                                  const Identity& identity) {
  std::vector<tcs::TaskMetric> out;
  for (const auto& [arn, task] : tasks) {
    tcs::TaskMetric one{task.arn, identity.cluster, task.spec.family, task.spec.version, {}};
    for (const Container& container : task.containers) {
      const auto at = series_.find(container.runtimeId);
      if (at == series_.end() || at->second.metric.cpu.sampleCount == 0) continue;
      Series& series = at->second;
      tcs::ContainerMetric metric = std::exchange(series.metric, {});
      metric.name = container.spec.name;
      metric.arn = container.spec.containerArn;
      if (container.spec.restartPolicy.enabled) metric.restarts = container.restarts - series.restartsTold;
      series.restartsTold = container.restarts;
      one.containers.push_back(std::move(metric));
    }
    if (!one.containers.empty()) out.push_back(std::move(one));
  }
  return out;
}

std::vector<tcs::PublishMetrics> Telemetry::takeMetrics(const std::map<std::string, Task>& tasks,
                                                        const Identity& identity,
                                                        const std::string& messageId, Now now) {
  std::vector<tcs::PublishMetrics> messages;
  if (series_.empty()) {
    messages.push_back(messageOf(identity, messageId, now.wall));
    messages.back().metadata.idle = true;
  }
  std::vector<tcs::TaskMetric> metrics = takeTasks(tasks, identity);
  for (size_t first = 0; first < metrics.size(); first += kTasksPerMessage) {
    const size_t last = std::min(metrics.size(), first + kTasksPerMessage);
    tcs::PublishMetrics message = messageOf(identity, messageId, now.wall);
    message.metadata.fin = last == metrics.size();
    const auto begin = std::make_move_iterator(metrics.begin());
    message.tasks.assign(begin + static_cast<std::ptrdiff_t>(first),
                         begin + static_cast<std::ptrdiff_t>(last));
    messages.push_back(std::move(message));
  }
  startRound(now.mono);
  return messages;
}

std::vector<std::string> encodeInParts(tcs::PublishMetrics message, size_t most) {
  std::string whole = tcs::encode(message);
  if (whole.size() <= most || message.tasks.size() < 2) return {std::move(whole)};
  tcs::PublishMetrics rest = message;
  const auto half = static_cast<std::ptrdiff_t>(message.tasks.size() / 2);
  rest.tasks.erase(rest.tasks.begin(), rest.tasks.begin() + half);
  message.tasks.erase(message.tasks.begin() + half, message.tasks.end());
  message.metadata.fin = false;
  std::vector<std::string> parts = encodeInParts(std::move(message), most);
  for (std::string& part : encodeInParts(std::move(rest), most)) parts.push_back(std::move(part));
  return parts;
}

}  // namespace berth::agent
