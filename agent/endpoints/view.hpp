// What the local endpoints show of tasks, as plain values: the loop's thread makes a new view for each
// change, server threads read it. Source of the fields: amazon-ecs-agent, its metadata documents v1 to v4.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/start_traces.hpp"
#include "agent/ports/usage.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::endpoints {

struct PortView {
  uint16_t containerPort = 0;
  std::string protocol;   ///< "tcp" or "udp"
  uint16_t hostPort = 0;  ///< as bound; documents show the container's port instead in awsvpc mode
  std::string hostIp;     ///< v4 and introspection
};

/// What v4 adds for a network of its own (awsvpc); empty members are left out.
struct NetworkExtras {
  std::optional<int64_t> attachmentIndex;
  std::string macAddress;
  std::string ipv4SubnetCidr;
  std::string ipv6SubnetCidr;
  std::vector<std::string> domainNameServers;
  std::vector<std::string> domainNameSearchList;
  std::string privateDnsName;
  std::string subnetGatewayIpv4;
  std::string subnetGatewayIpv6;
};

struct NetworkView {
  std::string mode;  ///< "bridge", "host", "awsvpc", ...
  std::vector<std::string> ipv4Addresses;
  std::vector<std::string> ipv6Addresses;
  NetworkExtras extras;
};

struct HealthView {
  std::string status;  ///< "HEALTHY", "UNHEALTHY", "UNKNOWN"
  std::optional<WallTime> since;
  std::optional<int> exitCode;
  std::string output;
};

struct VolumeView {
  std::string dockerName;
  std::string source;
  std::string destination;
};

struct ContainerView {
  std::string endpointId;  ///< the UUID of ECS_CONTAINER_METADATA_URI; empty: not reachable by one
  std::string dockerId;    ///< empty before it is created
  std::string name;
  std::string dockerName;
  std::string image;
  std::string imageId;
  std::string type = "NORMAL";  ///< or CNI_PAUSE, NAMESPACE_PAUSE, EMPTY_HOST_VOLUME, MANAGED_DAEMON
  std::string
      desiredStatus;  ///< NONE, MANIFEST_PULLED, PULLED, CREATED, RUNNING, RESOURCES_PROVISIONED, STOPPED
  std::string knownStatus;
  std::optional<int> exitCode;
  double cpu = 0;      ///< shares; below 2 is shown as 2
  int64_t memory = 0;  ///< MiB
  std::optional<WallTime> createdAt;
  std::optional<WallTime> startedAt;
  std::optional<WallTime> finishedAt;
  std::vector<PortView> ports;
  std::map<std::string, std::string> labels;
  std::vector<NetworkView> networks;
  std::vector<VolumeView> volumes;
  std::optional<HealthView> health;
  std::optional<int64_t> restartCount;
  // v4
  std::string logDriver;
  std::map<std::string, std::string> logOptions;
  std::string containerArn;
  std::string snapshotter;
};

/// A tag call that failed; v4's Errors.
struct TagError {
  std::string field;  ///< "TaskTags" or "ContainerInstanceTags"
  std::string code;
  std::string message;
  int status = 0;
  std::string requestId;
  std::string resourceArn;
};

struct AssociationView {
  std::vector<std::string> containers;  ///< names of the containers that list it
  std::string type;                     ///< "elastic-inference"
  std::string name;
  std::string value;  ///< sent verbatim
};

/// One line of "why is this task as it is": a container (or the task) waits, or did something, since then.
struct WhyView {
  std::string subject;  ///< "container web"
  std::string what;     ///< "waits for container db to be healthy"
  std::optional<WallTime> since;
  std::optional<WallTime> until;  ///< when it gives up, or tries again
  std::string reason;
};

struct TaskView {
  std::string cluster;  ///< as configured
  std::string taskArn;
  std::string family;
  std::string revision;
  std::string desiredStatus;  ///< NONE, MANIFEST_PULLED, PULLED, CREATED, RUNNING, STOPPED
  std::string knownStatus;
  std::string networkMode;        ///< "bridge", "host", "awsvpc", "none"
  bool internal = false;          ///< the agent's own: introspection leaves it out
  bool serviceConnect = false;    ///< v4 lists pause containers first (bridge mode)
  std::optional<double> cpu;      ///< vCPU, of the whole task
  std::optional<int64_t> memory;  ///< MiB, of the whole task
  std::vector<ContainerView> containers;
  std::optional<WallTime> pullStartedAt;
  std::optional<WallTime> pullStoppedAt;
  std::optional<WallTime> executionStoppedAt;
  std::string availabilityZone;  ///< empty: not shown
  // Of a request that asks for tags: nobody else knows them.
  std::map<std::string, std::string> taskTags;
  std::map<std::string, std::string> instanceTags;
  std::vector<TagError> tagErrors;
  std::vector<AssociationView> associations;
  std::string credentialsId;  ///< of the task's role; empty: it has none
  // v4
  std::string launchType;  ///< "EC2", "EXTERNAL"
  std::string vpcId;
  std::string serviceName;
  std::string availabilityZoneId;
  bool faultInjection = false;
  // /v1/why
  std::vector<WhyView> why;
  std::vector<std::string> causes;          ///< of a stopped task, the first one first
  std::vector<std::string> lastLogLines;    ///< of the container that ended it
  std::shared_ptr<const StartTrace> start;  ///< null: it was not started by this run of the agent
};

struct InstanceView {
  std::string cluster;      ///< as configured
  std::string instanceArn;  ///< empty before registration
  std::string version;      ///< "1.105.1 (a8b3e7d3)": shown behind "Amazon ECS Agent - v"
};

struct RoleCredentials {
  enum class Role { Task, Execution };
  std::string taskArn;
  Role role = Role::Task;
  std::string roleArn;
  std::string accessKeyId;
  std::string secretAccessKey;
  std::string sessionToken;
  std::string expiration;  ///< RFC 3339, as it came
};

struct StatsReading {
  WallTime at;
  SharedUsage usage;  ///< never null
  HostUsage host;
};

/// The last two readings: documents compare them.
struct ContainerStats {
  StatsReading current;
  std::optional<StatsReading> previous;
};

}  // namespace berth::agent::endpoints
