// Services and what belongs to them: plain values. What a scheduler of services decides by is typed; members
// that the API takes and shows, and that placement reads, stay JSON text (`document`).
// Source of the shapes and their defaults: Amazon ECS API Reference, CreateService, CreateTaskSet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/time/clock.hpp"

namespace berth::controller {

/// A deleted service is DRAINING while it has tasks, then INACTIVE; its name is free again then.
enum class ServiceStatus { Active, Draining, Inactive };
std::string_view name(ServiceStatus status);

/// So many tasks, or one task on each instance.
enum class SchedulingStrategy { Replica, Daemon };
std::string_view name(SchedulingStrategy strategy);

/// Who rolls a service: Berth, or the user by task sets.
enum class DeploymentController { Ecs, External };
std::string_view name(DeploymentController controller);

/// Failed tasks at which a deployment is given up.
struct CircuitBreaker {
  enum class Threshold { BoundedPercent, UnboundedPercent, Count };

  bool enabled = false;
  bool rollback = false;
  bool resetOnHealthyTask = true;
  Threshold type = Threshold::BoundedPercent;
  int64_t value = 50;  ///< percent of the desired count, or a number of tasks

  /// For so many desired tasks: bounded percents lie in 3..200, a part of a task counts as one.
  int64_t thresholdFor(int64_t desired) const;
  bool operator==(const CircuitBreaker&) const = default;
};
std::string_view name(CircuitBreaker::Threshold type);

/// Alarms that a deployment is given up for.
struct AlarmRules {
  bool enabled = false;
  bool rollback = false;
  std::vector<std::string> names;
  std::optional<int64_t> bakeMinutes;  ///< how long a finished rollout is still watched; by default a minute

  bool operator==(const AlarmRules&) const = default;
};

/// How many tasks of a service may and must be there while it is rolled, in percent of the desired count.
struct DeploymentRules {
  int64_t maximumPercent = 200;
  int64_t minimumHealthyPercent = 100;
  CircuitBreaker breaker;
  AlarmRules alarms;

  bool operator==(const DeploymentRules&) const = default;
};

/// Tasks that ended before they were of use: what the wait before the next start is reckoned by. Failures of
/// tasks that were started together are one round.
struct Setbacks {
  int64_t rounds = 0;  ///< one after the other
  WallTime lastAt{};   ///< of the last failure, when there was one

  bool operator==(const Setbacks&) const = default;
};

enum class RolloutState { InProgress, Completed, Failed };
std::string_view name(RolloutState state);

/// One that a service runs tasks of. Those tasks name its id in startedBy; how many they are is counted.
struct Deployment {
  std::string id;              ///< "ecs-svc/" and digits
  bool primary = true;         ///< PRIMARY; else ACTIVE: it is being replaced
  std::string taskDefinition;  ///< family:revision
  int64_t desiredCount = 0;    ///< of its tasks, as the rollout goes on
  int64_t failedTasks = 0;
  Setbacks setbacks;
  RolloutState rollout = RolloutState::InProgress;
  std::string rolloutReason;
  std::string revision;           ///< id of the service revision
  std::string serviceDeployment;  ///< id
  WallTime createdAt{};
  WallTime updatedAt{};

  bool operator==(const Deployment&) const = default;
};

struct ServiceEvent {
  std::string id;  ///< UUID
  WallTime createdAt{};
  std::string message;

  bool operator==(const ServiceEvent&) const = default;
};

struct Service {
  std::string cluster;
  std::string name;
  bool oldArn = false;  ///< its ARN is of the old format: fixed when it was made
  ServiceStatus status = ServiceStatus::Active;
  SchedulingStrategy scheduling = SchedulingStrategy::Replica;
  DeploymentController controller = DeploymentController::Ecs;
  std::string taskDefinition;    ///< family:revision; empty: task sets have theirs, and none is PRIMARY yet
  int64_t desiredCount = 0;      ///< of a REPLICA service
  std::string launchType;        ///< EC2 or EXTERNAL; what counts while there is no capacityProviderStrategy
  int64_t healthCheckGrace = 0;  ///< seconds
  DeploymentRules rules;
  std::vector<Deployment> deployments;  ///< the PRIMARY one first, then by age, the newest first
  std::vector<ServiceEvent> events;     ///< the newest first
  std::string document;                 ///< JSON object: the other members as given, empty lists left out
  std::string tags;                     ///< JSON list
  std::string clientToken;              ///< of its creation
  std::string requestHash;              ///< of the request that made it, without the token
  std::string createdBy;                ///< ARN
  WallTime createdAt{};
  std::optional<WallTime> deletedAt;  ///< when it became INACTIVE

  static constexpr size_t kMostEvents = 100;

  std::string key() const { return keyOf(cluster, name); }
  static std::string keyOf(const std::string& cluster, const std::string& name) {
    return cluster + "/" + name;
  }
  /// Null when there is none, as for services of task sets.
  Deployment* primary();
  const Deployment* primary() const;
  /// The newest kMostEvents are kept.
  void addEvent(ServiceEvent event);
  bool operator==(const Service&) const = default;
};

/// What a deployment rolls out: never changed.
struct ServiceRevision {
  std::string cluster;
  std::string service;
  std::string id;              ///< digits
  std::string taskDefinition;  ///< family:revision
  std::string document;        ///< JSON object: launchType, networkConfiguration, containerImages, ...
  WallTime createdAt{};

  std::string key() const { return Service::keyOf(cluster, service) + "/" + id; }
  bool operator==(const ServiceRevision&) const = default;
};

enum class ServiceDeploymentStatus {
  Pending,
  InProgress,
  Successful,
  StopRequested,
  Stopped,
  RollbackRequested,
  RollbackInProgress,
  RollbackSuccessful,
  RollbackFailed
};
std::string_view name(ServiceDeploymentStatus status);

/// Of a circuit breaker, and of the alarms of a deployment.
enum class BreakerStatus { Disabled, Monitoring, MonitoringComplete, Triggered };
std::string_view name(BreakerStatus status);

/// The history of a service: one rollout from revisions to a revision.
struct ServiceDeployment {
  /// A deployment that was stopped or failed goes back to an earlier revision.
  struct Rollback {
    std::string reason;
    WallTime startedAt{};
    std::string revision;  ///< id

    bool operator==(const Rollback&) const = default;
  };

  std::string cluster;
  std::string service;
  std::string id;  ///< 21 letters and digits
  ServiceDeploymentStatus status = ServiceDeploymentStatus::Pending;
  std::string statusReason;
  std::vector<std::string> sources;  ///< ids of the revisions that are replaced
  std::string target;                ///< id of the revision that is rolled out
  int64_t requestedCount = 0;        ///< tasks that the service wanted at its end; at its begin until then
  std::string configuration;         ///< JSON object: the deploymentConfiguration at its begin, as shown
  BreakerStatus breaker = BreakerStatus::Disabled;
  int64_t failures = 0;  ///< at its end; until then its Deployment counts them
  int64_t threshold = 0;
  BreakerStatus alarms = BreakerStatus::Disabled;
  std::vector<std::string> ringing;    ///< alarms that were in ALARM at its begin: they don't count for it
  std::vector<std::string> triggered;  ///< alarms that it was given up for
  std::optional<WallTime> bakesSince;  ///< all its tasks are there, and its alarms are still watched
  std::optional<Rollback> rollback;
  std::string stoppedBy;  ///< ARN of who has asked for its end; empty: nobody has
  WallTime createdAt{};
  WallTime updatedAt{};
  std::optional<WallTime> startedAt;
  std::optional<WallTime> finishedAt;
  std::optional<WallTime> stoppedAt;

  std::string key() const { return Service::keyOf(cluster, service) + "/" + id; }
  /// For texts: who has asked for its end.
  std::string stopper() const { return stoppedBy.empty() ? "a user" : stoppedBy; }
  /// PENDING or IN_PROGRESS: it can still be stopped.
  bool open() const;
  /// Its status does not change any more.
  bool finished() const;
  bool operator==(const ServiceDeployment&) const = default;
};

enum class TaskSetStatus { Primary, Active, Draining };
std::string_view name(TaskSetStatus status);

/// Tasks of a service with an EXTERNAL controller. They name its id in startedBy.
struct TaskSet {
  std::string cluster;
  std::string service;
  std::string id;  ///< "ecs-svc/" and digits
  TaskSetStatus status = TaskSetStatus::Active;
  std::string taskDefinition;  ///< family:revision
  double scale = 100;          ///< percent of the service's desired count, 0 to 100
  std::string launchType;      ///< as of a service
  std::string externalId;
  std::string document;  ///< JSON object: networkConfiguration, capacityProviderStrategy, ... as given
  std::string tags;      ///< JSON list
  std::string clientToken;
  std::string requestHash;
  bool steady = false;  ///< STEADY_STATE; else STABILIZING
  WallTime steadyAt{};  ///< since when
  Setbacks setbacks;
  WallTime createdAt{};
  WallTime updatedAt{};

  std::string key() const { return Service::keyOf(cluster, service) + "/" + id; }
  /// Tasks that it should have; a part of a task counts as one.
  int64_t desiredOf(int64_t serviceCount) const;
  bool operator==(const TaskSet&) const = default;
};

enum class AlarmState { Ok, Alarm, InsufficientData };
std::string_view name(AlarmState state);

/// Something that is watched from outside: whoever watches it puts its state. There is one for each name, for
/// all clusters.
struct Alarm {
  std::string name;
  AlarmState state = AlarmState::InsufficientData;
  std::string reason;
  WallTime since{};       ///< when it came into its state
  WallTime updatedAt{};   ///< when it was last put
  std::string updatedBy;  ///< ARN

  bool operator==(const Alarm&) const = default;
};

/// A service's task that scaling and deployments leave alone. One without this, or whose time is over, is not
/// protected.
struct TaskProtection {
  std::string task;  ///< id
  WallTime expiresAt{};

  bool operator==(const TaskProtection&) const = default;
};

/// The group of a service's tasks: "service:NAME".
std::string serviceGroup(const std::string& name);
/// The name of the service whose tasks have that group; nullopt when it is another kind of group.
std::optional<std::string> serviceOfGroup(std::string_view group);

}  // namespace berth::controller
