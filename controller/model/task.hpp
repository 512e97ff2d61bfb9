// Tasks. There may be a million, so what the copies of one launch have in common is kept once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/model/cause.hpp"
#include "controller/model/resources.hpp"
#include "controller/model/shared.hpp"

namespace berth::controller {

/// A port of a container, or a range of them, that its host has published.
struct NetworkBinding {
  std::string bindIp;
  uint16_t containerPort = 0;
  uint16_t hostPort = 0;
  uint16_t lastContainerPort = 0;  ///< of a range; else 0
  uint16_t lastHostPort = 0;       ///< likewise
  bool udp = false;

  bool operator==(const NetworkBinding&) const = default;
};

/// The order of the states is the order in which a task passes them; it never goes back. A task that is
/// PROVISIONING waits for a place, and only such a one has no instance, before and after it has stopped.
enum class TaskStatus : uint8_t { Provisioning, Pending, Running, Stopping, Stopped };
std::string_view name(TaskStatus status);

enum class ContainerStatus : uint8_t { Pending, Running, Stopped };
std::string_view name(ContainerStatus status);

enum class Health : uint8_t { Unknown, Healthy, Unhealthy };
std::string_view name(Health health);
/// nullopt for another word than HEALTHY, UNHEALTHY and UNKNOWN.
std::optional<Health> healthOf(std::string_view word);

/// What a definition says of a container, as far as it is shown with each task.
struct ContainerSpec {
  std::string name;
  std::string image;
  bool essential = true;
  bool checksHealth = false;  ///< its definition has a health check
  std::string cpu;
  std::string memory;
  std::string memoryReservation;

  bool operator==(const ContainerSpec&) const = default;
};

/// What the tasks of one launch have in common, and those of like launches.
struct TaskSpec {
  std::string cluster;
  std::string definition;  ///< family:revision
  std::string group;
  std::string launchType = "EC2";
  std::string capacityProvider;  ///< of a strategy; the API shows it for the launch type
  std::string overrides;         ///< JSON object, as given; empty when none were
  bool enableExecuteCommand = false;
  std::vector<ContainerSpec> containers;
  Resources resources;
  std::string cpu;     ///< of the task as a whole, as the API shows it; may be empty
  std::string memory;  ///< likewise
  /// Of a launch that found no room and waits: JSON object, its placementConstraints and placementStrategy.
  std::string placement;
  int64_t waitMillis = 0;      ///< how long such a task may wait, from its createdAt
  int64_t lifetimeMillis = 0;  ///< how long a task may run, from its startedAt; 0: for ever
  /// In network mode awsvpc: the subnet that was asked for. Empty in others.
  std::string subnet;

  std::string family() const { return definition.substr(0, definition.rfind(':')); }
  bool operator==(const TaskSpec&) const = default;
};

/// Whether an essential container has a health check.
bool checksHealth(const TaskSpec& spec);

/// What has become of a container.
struct TaskContainer {
  std::string runtimeId;
  std::string imageDigest;
  std::string reason;
  std::vector<NetworkBinding> bindings;
  std::optional<int32_t> exitCode;
  ContainerStatus status = ContainerStatus::Pending;
  Health health = Health::Unknown;

  bool operator==(const TaskContainer&) const = default;
};

/// A place that no container has.
inline constexpr size_t kAttachmentPlace = 0xffffff;

struct Task {
  std::string id;  ///< 32 hex digits, or a UUID: then its ARN is of the old format
  Shared<TaskSpec> spec;
  std::string instance;  ///< id; empty: it has had no place yet
  std::string startedBy;
  std::string tags;  ///< JSON list; empty when there are none
  /// In network mode awsvpc, once its agent has told it: JSON object, as proto/ecs/task_address.hpp has it.
  std::string address;

  TaskStatus lastStatus = TaskStatus::Pending;
  bool stopWanted = false;  ///< desiredStatus is STOPPED
  bool wasHealthy = false;  ///< its health checks have said so once
  std::string stopCode;
  std::string stoppedReason;
  std::vector<TaskContainer> containers;  ///< in the order of those of the spec, as many
  Causes causes;                          ///< of its end
  int64_t version = 1;

  WallTime createdAt{};
  Moment pullStartedAt;
  Moment pullStoppedAt;
  Moment startedAt;
  Moment stoppingAt;
  Moment executionStoppedAt;
  Moment stoppedAt;

  /// Null when it has none of that name.
  TaskContainer* find(std::string_view containerName);
  /// The UUID of the container at a place: it follows from the task's id.
  std::string containerId(size_t place) const;
  /// The UUID of its network attachment, likewise.
  std::string attachmentId() const { return containerId(kAttachmentPlace); }
  bool waits() const { return lastStatus == TaskStatus::Provisioning; }
  /// When a task that waits gives up.
  WallTime waitsUntil() const { return createdAt + std::chrono::milliseconds(spec->waitMillis); }
  /// When it has run for as long as it may; nullopt for one that may go on, does not run, or is to stop.
  std::optional<WallTime> livesUntil() const;
  bool operator==(const Task&) const = default;
};

/// Of its essential containers with a health check together: HEALTHY when all are, UNHEALTHY when one is.
Health healthOf(const Task& task);

}  // namespace berth::controller
