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

/// The same of a counter of the kernel, exactly. On the wire what exceeds 63 bits goes to fields of its own.
struct CounterSet {
  uint64_t min = 0;
  uint64_t max = 0;
  uint64_t sum = 0;  ///< the greatest number when it would exceed that
  int64_t sampleCount = 0;

  void add(uint64_t value);
  bool operator==(const CounterSet&) const = default;
};

struct NetworkSets {
  CounterSet rxBytes, rxPackets, rxErrors, rxDropped;
  CounterSet txBytes, txPackets, txErrors, txDropped;
  NumberSet rxBytesPerSecond, txBytesPerSecond;
};

struct ContainerMetric {
  std::string name;
  std::string arn;
  NumberSet cpu;     ///< percent of the whole machine
  NumberSet memory;  ///< MiB
  CounterSet readBytes;
  CounterSet writeBytes;
  std::optional<NetworkSets> network;
  std::optional<int64_t> restarts;  ///< since the last publication; only with a restart policy
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

/// One check of the host.
struct InstanceStatus {
  std::string type;    ///< "ContainerRuntime"
  std::string status;  ///< INITIALIZING, OK, IMPAIRED, INSUFFICIENT_DATA
  std::string reason;  ///< may be empty
  WallTime updated{};  ///< when it was checked last
  WallTime changed{};  ///< when its status became another
};

struct PublishInstanceStatus {
  std::string cluster;
  std::string containerInstance;
  std::string requestId;
  std::vector<InstanceStatus> statuses;
  WallTime timestamp{};
};

/// A message of another type; only its name is kept.
struct Other {
  std::string type;
};

using FromAgent = std::variant<PublishMetrics, PublishHealth, PublishInstanceStatus, Other>;

}  // namespace berth::tcs
