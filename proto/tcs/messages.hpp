// The messages of the telemetry service (TCS): the websocket on which an agent publishes metrics and health.
// Plain values; names and units are those of Amazon's agent (amazon-ecs-agent, ecs-agent/tcs/model).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/time/clock.hpp"

namespace berth::tcs {

/// Samples since the last publication, summed up.
struct NumberSet {
  double min = 0;
  double max = 0;
  double sum = 0;
  int64_t sampleCount = 0;

  void add(double value);
};

struct NetworkSets {
  NumberSet rxBytes, rxPackets, rxErrors, rxDropped, rxBytesPerSecond;
  NumberSet txBytes, txPackets, txErrors, txDropped, txBytesPerSecond;
};

struct ContainerMetric {
  std::string name;
  std::string arn;
  NumberSet cpu;     ///< percent of the whole machine
  NumberSet memory;  ///< MiB
  NumberSet readBytes;
  NumberSet writeBytes;
  std::optional<NetworkSets> network;
};

struct TaskMetric {
  std::string taskArn;
  std::string clusterArn;
  std::string family;
  std::string version;
  std::vector<ContainerMetric> containers;
};

struct Metadata {
  std::string cluster;
  std::string containerInstance;
  std::string messageId;
  bool idle = false;
  bool fin = true;
};

struct PublishMetrics {
  Metadata metadata;
  std::vector<TaskMetric> tasks;
  WallTime timestamp{};
};

struct ContainerHealth {
  std::string name;
  std::string status;  ///< HEALTHY, UNHEALTHY, UNKNOWN
  std::optional<WallTime> since;
  std::string output;
};

struct TaskHealth {
  std::string taskArn;
  std::string clusterArn;
  std::string family;
  std::string version;
  std::vector<ContainerHealth> containers;
};

struct PublishHealth {
  Metadata metadata;
  std::vector<TaskHealth> tasks;
  WallTime timestamp{};
};

/// A message of another type; only its name is kept.
struct Other {
  std::string type;
};

using FromAgent = std::variant<PublishMetrics, PublishHealth, Other>;

}  // namespace berth::tcs
