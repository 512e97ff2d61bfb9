// What the controller keeps: plain values. Members that the API returns as they were given, and that nothing
// here decides by, stay JSON text (`document`, `tags`).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/time/clock.hpp"
#include "proto/acs/messages.hpp"

namespace berth::controller {

/// What a task takes of an instance, or an instance has.
struct Resources {
  int64_t cpu = 0;     ///< units, 1024 a core
  int64_t memory = 0;  ///< MiB
  std::set<uint16_t> ports;
  std::set<uint16_t> udpPorts;

  void add(const Resources& other);
  void subtract(const Resources& other);
  bool operator==(const Resources&) const = default;
};

struct Cluster {
  std::string name;
  bool active = true;
  std::string document;  ///< JSON object: settings, configuration, serviceConnectDefaults, ... as given
  std::string tags;      ///< JSON list
};

struct TaskDefinition {
  std::string family;
  int64_t revision = 0;
  bool active = true;
  std::string document;  ///< JSON object: the taskDefinition as registered, defaults filled in
  std::string tags;      ///< JSON list
  WallTime registeredAt{};
  std::optional<WallTime> deregisteredAt;
  std::optional<WallTime> deleteRequestedAt;  ///< it goes once no task names it
  std::string registeredBy;

  /// ACTIVE, INACTIVE or DELETE_IN_PROGRESS.
  std::string_view status() const;
  std::string key() const { return family + ":" + std::to_string(revision); }
};

struct Attribute {
  std::string name;
  std::optional<std::string> value;
};

struct Instance {
  std::string id;  ///< 32 hex digits
  std::string cluster;
  std::string status = "ACTIVE";  ///< ACTIVE, DRAINING, INACTIVE
  std::string ec2InstanceId;
  std::vector<Attribute> attributes;
  Resources registered;  ///< cpu and memory in all; ports that are reserved from the start
  std::string agentVersion;
  std::string agentHash;
  std::string dockerVersion;
  WallTime registeredAt{};
  std::string tags;         ///< JSON list
  std::string clientToken;  ///< of the registration, so that its repetition finds this instance
  int64_t version = 0;
  int64_t timeline = 0;      ///< of the last task manifest; each is higher than the one before
  std::string registeredBy;  ///< ARN of the caller whose agent it is

  bool connected = false;  ///< an agent's session is open; not stored

  /// Null when it has none of that name.
  const Attribute* attribute(const std::string& name) const;
  void setAttribute(const std::string& name, std::optional<std::string> value);
};

struct NetworkBinding {
  std::string bindIp;
  int64_t containerPort = 0;
  int64_t hostPort = 0;
  std::string protocol;
  // Of a range of ports, instead of the two numbers: "8000-8010".
  std::string containerPortRange;
  std::string hostPortRange;

  bool operator==(const NetworkBinding&) const = default;
};

/// The order of the states is the order in which a task passes them; it never goes back.
enum class TaskStatus { Pending, Running, Stopping, Stopped };
std::string_view name(TaskStatus status);

enum class ContainerStatus { Pending, Running, Stopped };
std::string_view name(ContainerStatus status);

struct TaskContainer {
  std::string id;  ///< UUID
  std::string name;
  std::string image;
  std::string imageDigest;
  std::string runtimeId;
  ContainerStatus status = ContainerStatus::Pending;
  bool essential = true;
  std::optional<int64_t> exitCode;
  std::string reason;
  bool checksHealth = false;  ///< its definition has a health check
  std::string healthStatus = "UNKNOWN";
  std::string cpu;
  std::string memory;
  std::string memoryReservation;
  std::vector<NetworkBinding> bindings;

  bool operator==(const TaskContainer&) const = default;
};

struct Task {
  std::string id;  ///< 32 hex digits
  std::string cluster;
  std::string instance;    ///< id
  std::string definition;  ///< family:revision
  std::string group;
  std::string startedBy;
  std::string launchType = "EC2";
  std::string overrides;  ///< JSON object, as given
  std::string tags;       ///< JSON list
  std::string clientToken;
  bool enableExecuteCommand = false;

  TaskStatus lastStatus = TaskStatus::Pending;
  bool stopWanted = false;  ///< desiredStatus is STOPPED
  std::string stopCode;
  std::string stoppedReason;
  std::vector<TaskContainer> containers;
  Resources resources;
  std::string cpu;     ///< of the task as a whole, as the API shows it; may be empty
  std::string memory;  ///< likewise
  int64_t version = 1;

  WallTime createdAt{};
  std::optional<WallTime> pullStartedAt;
  std::optional<WallTime> pullStoppedAt;
  std::optional<WallTime> startedAt;
  std::optional<WallTime> stoppingAt;
  std::optional<WallTime> executionStoppedAt;
  std::optional<WallTime> stoppedAt;

  TaskContainer* find(std::string_view containerName);
  bool operator==(const Task&) const = default;
};

/// An idempotency token of RunTask and what it stood for.
struct ClientToken {
  std::string key;          ///< cluster/token
  std::string requestHash;  ///< of the request without the token
  std::vector<std::string> tasks;
  WallTime usedAt{};
};

}  // namespace berth::controller
