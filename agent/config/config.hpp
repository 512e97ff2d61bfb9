// berth-agent's settings as the rest of the agent uses them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/config/rules.hpp"
#include "agent/ports/runtime.hpp"
#include "common/config/settings.hpp"
#include "common/log/stderr_log.hpp"
#include "common/result/result.hpp"

namespace berth::agent {

inline constexpr const char* kContainerdSocket = "unix:///run/containerd/containerd.sock";

/// Auto: nothing is said; see settleRuntime().
enum class RuntimeKind { Docker, Containerd, Auto };

/// Where the credentials come from; the other fields of Config that belong to it are then filled.
enum class CredentialsKind {
  File,  ///< credentialsFile, credentialsProfile
  Key,   ///< accessKey, secretKey, sessionToken (may be empty)
  Imds,  ///< the instance metadata service
};

struct ImagesConfig {
  PullBehavior pullBehavior = PullBehavior::Default;
  int64_t concurrency = 0;  ///< downloads at once, from 1
  Duration pullTimeout{};
  Duration pullInactivityTimeout{};
  Duration manifestTimeout{};
  bool pullDependentsUpfront = false;
  int64_t layersAtOnce = 0;            ///< downloads of blobs at once, from 1
  int64_t layersBytes = 0;             ///< of all of them
  std::vector<std::string> mirrors;    ///< "docker.io=mirror.example:5000"
  std::vector<std::string> plainHttp;  ///< hosts
  std::string policy;                  ///< a file; empty: every image may run
  bool cleanup = true;                 ///< false also with PullBehavior::PreferCached
  Duration cleanupInterval{};
  Duration minimumAge{};
  int64_t perCycle = 0;
  int64_t highMark = 0;  ///< percent of bytes or inodes in use
  int64_t lowMark = 0;   ///< below highMark
  bool untracked = false;
  Duration untrackedMinimumAge{};
  int64_t untrackedContainersPerCycle = 0;
  std::vector<std::string> exclude;
};

struct ContainersConfig {
  Duration createTimeout{};
  Duration startTimeout{};
  bool healthChecks = true;
  int64_t keepStoppedBytes = 0;  ///< 0: no limit
  Duration cleanupJitter{};
  bool privilegedAllowed = true;
  bool taskLimits = true;
  std::optional<int64_t> pidsLimit;  ///< processes of a task
  std::string cgroupPath;
  Duration cgroupCpuPeriod{};
  bool propagateTaskMemory = false;
  std::optional<PortRange> dynamicPorts;  ///< absent: the kernel's range
  bool matchVolumeConfig = false;
};

/// Of the runtime on containerd; Docker has its own.
struct NetworkConfig {
  std::string subnet;                 ///< "10.190.0.0/20"
  std::string conflist;               ///< a path; empty: the agent's own bridge
  std::string plugins;                ///< the folder of CNI's plugins
  bool taskAddresses = true;          ///< tasks in mode awsvpc are taken
  std::string taskSubnet;             ///< of these, "10.191.0.0/20"
  std::string taskConflist;           ///< a path; empty: the agent's own network of them
  bool blockInstanceMetadata = true;  ///< for these
};

struct EndpointsConfig {
  ListenAddress introspection;
  ListenAddress tasks;
  RequestRate rate;
  bool availabilityZone = true;  ///< tell tasks where they are
  bool taskRoles = true;
  bool taskRolesNetworkHost = true;  ///< false also without taskRoles
  std::string auditLog;              ///< a path; empty: none
};

struct SecretsConfig {
  std::string directory;  ///< each is empty when not set
  std::string url;
  std::string tokenFile;
  std::string ssmEndpoint;
  std::string secretsManagerEndpoint;
  std::string s3Endpoint;
  std::string ecrEndpoint;
  std::string registryAuthType;  ///< "docker", "dockercfg"; empty: no registryAuthData either
  std::string registryAuthData;  ///< secret: a JSON object of that type
};

struct CapabilitiesConfig {
  bool selinux = false;
  bool apparmor = false;
  std::string osFamily;  ///< ecs.os-type-detailed
  bool gpu = false;
  std::string nvidiaRuntime;
};

struct Config {
  explicit Config(config::Settings from) : settings(std::move(from)) {}

  std::string cluster;
  bool clusterGiven = false;  ///< false: "default" by default, which the agent may create
  std::string controller;
  std::string region;
  CredentialsKind credentialsKind = CredentialsKind::File;
  std::string credentialsFile;
  bool credentialsGuessed = false;  ///< nothing names credentials; credentialsFile is the last resort
  std::string credentialsProfile;
  std::string accessKey;
  std::string secretKey;
  std::string sessionToken;
  std::string metadataEndpoint;  ///< a URL: EC2's instance metadata service
  std::string caFile;
  RuntimeKind runtimeKind = RuntimeKind::Docker;
  std::string runtimeSocket;
  std::string snapshotter;  ///< of containerd
  std::string ociRuntime;   ///< of containerd's shim: a program
  std::string dataDir;
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::string> tags;
  int64_t reservedMemory = 0;  ///< MiB
  int64_t reservedCpu = 0;     ///< CPU units
  std::set<uint16_t> reservedPorts;
  std::set<uint16_t> reservedPortsUdp;
  std::vector<std::string> loggingDrivers;
  bool drainOnSpotInterruption = false;
  PullBehavior pullBehavior = PullBehavior::Default;  ///< as images.pullBehavior
  Duration stopTimeout{};
  Duration cleanupDelay{};
  bool metrics = true;
  Duration metricsInterval{};
  LogOptions log;
  ImagesConfig images;
  ContainersConfig containers;
  NetworkConfig network;
  EndpointsConfig endpoints;
  SecretsConfig secrets;
  CapabilitiesConfig capabilities;

  /// What is set and doesn't count as it stands: variables of amazon-ecs-agent that don't apply here, values
  /// that were raised. One line each, to be logged.
  std::vector<std::string> warnings;
  config::Settings settings;  ///< what all of the above was made of
  std::string described;      ///< the effective settings as YAML with their sources, secrets hidden
};

/// What settings say of the last resort for credentials, as their source.
inline constexpr std::string_view kLastResort = "the controller's on this host, as nothing names credentials";

/// Where settings come from; what is named first wins.
struct ConfigSources {
  std::map<std::string, std::string> environment;  ///< all of it: BERTH_AGENT_*, and below the file ECS_*
  std::optional<std::string> file;                 ///< agent.yaml; absent: none
  std::string ecsConfig = "/etc/ecs/ecs.config";   ///< may be missing
  /// May be missing; weaker, as the unit of amazon-ecs-agent has it.
  std::string ecsConfigBelow = "/var/lib/ecs/ecs.config";
  /// May be missing. ECS_AGENT_CONFIG_FILE_PATH, in the environment or an ecs.config, names another, which
  /// may not.
  std::string ecsJson = "/etc/ecs/ecs.config.json";
  /// Where credentials are when ECS_BACKEND_HOST or its like names the controller and nothing names
  /// credentials; may be missing.
  std::string sharedCredentials = "/root/.aws/credentials";
  /// The last resort where nothing names credentials: what a controller on this host makes on its first
  /// start. Until then the agent can't start, and says so.
  std::string controllersCredentials = "/var/lib/berth/controller/admin-credentials";
};

/// Reads them all. InvalidArgument with every problem, one a line, each naming where it is.
Result<Config> loadConfig(const ConfigSources& sources);

/// All files whose change may change the configuration, whether or not they are there.
std::vector<std::string> configFiles(const ConfigSources& sources);

/// The Config that settings of agentSchema() make. InvalidArgument for those that don't go together, all of
/// them. Pure.
Result<Config> makeConfig(config::Settings settings);

}  // namespace berth::agent
