// The messages of the agent communication service (ACS): the websocket by which a controller commands an
// agent. Plain values; the wire form is in codec.hpp. Names and meanings are those of Amazon's agent.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace berth::acs {

struct PortMapping {
  int64_t containerPort = 0;
  int64_t hostPort = 0;  ///< 0: the agent's choice
  std::string protocol = "tcp";
};

struct MountPoint {
  std::string sourceVolume;
  std::string containerPath;
  bool readOnly = false;
};

/// JSON texts of a Docker Engine Config and HostConfig, decoded over what the other fields give.
struct DockerConfig {
  std::string version;
  std::string config;
  std::string hostConfig;
};

struct Container {
  std::string name;
  std::string image;
  std::string containerArn;
  bool essential = true;
  int64_t cpu = 0;     ///< shares, 1024 a core
  int64_t memory = 0;  ///< hard limit in MiB, 0 for none
  std::optional<std::vector<std::string>> command;
  std::optional<std::vector<std::string>> entryPoint;
  std::map<std::string, std::string> environment;
  std::vector<PortMapping> portMappings;
  std::vector<MountPoint> mountPoints;
  std::optional<int64_t> stopTimeout;  ///< seconds
  std::string healthCheckType;         ///< "docker" or empty
  DockerConfig dockerConfig;
};

/// A volume on a host path.
struct Volume {
  std::string name;
  std::string sourcePath;
};

struct Task {
  std::string arn;
  std::string desiredStatus;  ///< "RUNNING" or "STOPPED"
  std::string family;
  std::string version;
  std::string group;
  std::string networkMode;  ///< empty means bridge
  std::string launchType;
  double cpu = 0;      ///< vCPUs, 0 for no task limit
  int64_t memory = 0;  ///< MiB, 0 for no task limit
  std::vector<Container> containers;
  std::vector<Volume> volumes;
};

/// A task of a payload that can't be run as asked; it is reported as STOPPED with `reason`.
struct RefusedTask {
  std::string arn;
  std::string reason;
};

struct PayloadMessage {
  std::string messageId;
  std::string clusterArn;
  std::string containerInstanceArn;
  int64_t seqNum = 0;
  int64_t generatedAt = 0;  ///< milliseconds since the epoch
  std::vector<Task> tasks;
  std::vector<RefusedTask> refused;  ///< filled by the decoder, never sent
};

struct HeartbeatMessage {
  std::string messageId;
  bool healthy = true;
};

struct TaskIdentity {
  std::string taskArn;
  std::string taskClusterArn;
  std::string desiredStatus;
};

struct TaskManifestMessage {
  std::string messageId;
  std::string clusterArn;
  std::string containerInstanceArn;
  int64_t generatedAt = 0;
  int64_t timeline = 0;
  std::vector<TaskIdentity> tasks;
};

struct TaskStopVerificationAck {
  std::string messageId;
  int64_t generatedAt = 0;
  std::vector<TaskIdentity> stopTasks;
};

/// A message that is known and needs no action, or one of a type that isn't known: only its name is kept.
struct OtherMessage {
  std::string type;
  bool known = false;
};

using ToAgent = std::variant<PayloadMessage, HeartbeatMessage, TaskManifestMessage, TaskStopVerificationAck,
                             OtherMessage>;

struct AckRequest {
  std::string cluster;
  std::string containerInstance;
  std::string messageId;
};

struct NackRequest {
  std::string cluster;
  std::string containerInstance;
  std::string messageId;
  std::string reason;
};

struct HeartbeatAckRequest {
  std::string messageId;
};

struct TaskStopVerificationMessage {
  std::string messageId;
  std::vector<TaskIdentity> stopCandidates;
};

using FromAgent =
    std::variant<AckRequest, NackRequest, HeartbeatAckRequest, TaskStopVerificationMessage, OtherMessage>;

}  // namespace berth::acs
