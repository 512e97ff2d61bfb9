// A task as a payload carries it: every field of Amazon's model that concerns a Linux host, as plain values.
// Whether an agent can do what a field asks for is not decided here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::acs {

struct PortMapping {
  int64_t containerPort = 0;
  int64_t hostPort = 0;  ///< 0: the agent's choice
  std::string protocol = "tcp";
  int64_t lastContainerPort = 0;  ///< of a containerPortRange "a-b"; 0: a single port
  bool operator==(const PortMapping&) const = default;
};

struct MountPoint {
  std::string sourceVolume;
  std::string containerPath;
  bool readOnly = false;
  bool operator==(const MountPoint&) const = default;
};

struct VolumeFrom {
  std::string sourceContainer;
  bool readOnly = false;
  bool operator==(const VolumeFrom&) const = default;
};

/// What has to be true of another container: it was started, it has ended, it has ended with 0, it is
/// healthy.
enum class Condition { Start, Complete, Success, Healthy };

struct Dependency {
  std::string container;
  Condition condition = Condition::Start;
  bool operator==(const Dependency&) const = default;
};

struct RestartPolicy {
  bool enabled = false;
  std::vector<int64_t> ignoredExitCodes;
  int64_t attemptPeriod = 300;  ///< seconds that it has to have run before it is started again
  bool operator==(const RestartPolicy&) const = default;
};

struct Secret {
  std::string name;
  std::string valueFrom;
  std::string provider;  ///< "ssm" or "asm"
  std::string region;
  std::string type;    ///< "ENVIRONMENT_VARIABLE", "MOUNT_POINT" or "BOOTSTRAP"
  std::string target;  ///< "CONTAINER" or "LOG_DRIVER"
  bool operator==(const Secret&) const = default;
};

struct EnvironmentFile {
  std::string value;  ///< ARN of an object
  std::string type;   ///< "s3"
  bool operator==(const EnvironmentFile&) const = default;
};

/// How to get at a private registry. `type` is "ecr", "asm" or empty.
struct RegistryAuthentication {
  std::string type;
  std::string registryId;
  std::string region;
  std::string endpointOverride;
  bool useExecutionRole = false;
  std::string credentialsParameter;  ///< asm: ARN of the secret
  bool operator==(const RegistryAuthentication&) const = default;
};

/// JSON texts of a Docker Engine Config and HostConfig, decoded over what the other fields give.
struct DockerConfig {
  std::string version;
  std::string config;
  std::string hostConfig;
  // What the agent itself has to know of hostConfig; read from it by the decoder, never sent apart.
  bool privileged = false;
  int64_t memoryReservation = 0;  ///< bytes
  std::string logDriver;          ///< empty: the engine's default
  std::map<std::string, std::string> logOptions;
  bool operator==(const DockerConfig&) const = default;
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
  std::vector<EnvironmentFile> environmentFiles;
  std::vector<Secret> secrets;
  std::vector<PortMapping> portMappings;
  std::vector<MountPoint> mountPoints;
  std::vector<VolumeFrom> volumesFrom;
  std::vector<std::string> links;  ///< "name" or "name:alias"
  std::vector<Dependency> dependsOn;
  std::optional<int64_t> startTimeout;  ///< seconds
  std::optional<int64_t> stopTimeout;   ///< seconds
  std::string healthCheckType;          ///< "docker" or empty
  RestartPolicy restartPolicy;
  DockerConfig dockerConfig;
  RegistryAuthentication registryAuthentication;
  std::string logsAuthStrategy;            ///< "ExecutionRole" or empty
  std::string firelens;                    ///< type of the FireLens configuration, or empty
  std::vector<std::string> managedAgents;  ///< names
  std::vector<std::string> credentialSpecs;
};

enum class VolumeKind {
  Host,    ///< a path of the host, or with an empty path a volume that lives with its task
  Docker,  ///< made by a volume driver
  Other,   ///< efs, fsx, attachment: `type` tells
};

struct Volume {
  std::string name;
  VolumeKind kind = VolumeKind::Host;
  std::string type = "host";
  std::string sourcePath;
  // Of a Docker volume.
  bool shared = false;         ///< outlives the task and keeps its own name
  bool autoprovision = false;  ///< a shared one is made when it is missing
  std::string driver;
  std::map<std::string, std::string> driverOpts;
  std::map<std::string, std::string> labels;
};

/// Credentials of a role. They are kept in memory only, never stored nor logged.
struct Credentials {
  std::string id;
  std::string roleArn;
  std::string accessKeyId;
  std::string secretAccessKey;
  std::string sessionToken;
  std::string expiration;  ///< echoed as it came
};

/// Something of the host that belongs to containers of the task, like a GPU.
struct Association {
  std::string type;  ///< "gpu"
  std::string name;
  std::string content;
  std::vector<std::string> containers;
};

struct Task {
  std::string arn;
  std::string desiredStatus;  ///< "RUNNING" or "STOPPED"
  std::string family;
  std::string version;
  std::string group;
  std::string serviceName;
  std::string networkMode;  ///< empty means bridge
  std::string launchType;
  std::string pidMode;  ///< "host", "task" or empty
  std::string ipcMode;  ///< "host", "task", "none" or empty
  double cpu = 0;       ///< vCPUs, 0 for no task limit
  int64_t memory = 0;   ///< MiB, 0 for no task limit
  std::vector<Container> containers;
  std::vector<Volume> volumes;
  std::vector<Association> associations;
  std::optional<Credentials> roleCredentials;
  std::optional<Credentials> executionCredentials;
  /// The controller has heard that it runs, so it was begun on this host: an agent that has no record of it
  /// looks for its containers and never makes them anew. Berth's own member, which other agents ignore.
  bool begun = false;
  bool networkInterfaces = false;        ///< it brings network interfaces of its own
  bool proxy = false;                    ///< it has a proxyConfiguration
  std::vector<std::string> attachments;  ///< their types; what they hold is not read
};

}  // namespace berth::acs
