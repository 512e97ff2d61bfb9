// What a container is to be, decoded from Docker's words, in which payloads and task definitions say it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::containerd {

struct Bind {
  std::string source;  ///< a path of the host, or the name of a volume
  std::string destination;
  bool readOnly = false;
  bool operator==(const Bind&) const = default;
};

struct DeviceWish {
  std::string hostPath;
  std::string containerPath;
  std::string permissions = "rwm";
};

struct Ulimit {
  std::string name;  ///< "nofile"
  int64_t soft = 0;  ///< -1: unlimited
  int64_t hard = 0;
};

/// How much is kept of a container's output, as Docker's json-file has it, but bounded where nothing is said.
struct LogLimits {
  int64_t maxBytes = 10'000'000;  ///< of one file
  int64_t maxFiles = 3;           ///< the one that is written to included
  bool operator==(const LogLimits&) const = default;
};

/// How a container's health is found out; Docker's defaults.
struct HealthPlan {
  std::vector<std::string> command;  ///< empty: not at all
  Duration interval = std::chrono::seconds(30);
  Duration timeout = std::chrono::seconds(30);
  Duration startPeriod{};
  int retries = 3;
  bool operator==(const HealthPlan&) const = default;
};

/// The log driver of a container whose output nobody keeps.
inline constexpr const char* kNoLog = "none";

/// Where lines go beside the log's files.
struct LogDriver {
  /// "awslogs", "syslog", "journald", "fluentd"; empty: nowhere; kNoLog: not to files either.
  std::string name;
  std::map<std::string, std::string> options;
  bool operator==(const LogDriver&) const = default;
};

struct ContainerWish {
  std::string image;
  std::optional<std::vector<std::string>> command;
  std::optional<std::vector<std::string>> entryPoint;
  std::vector<std::string> environment;  ///< "NAME=VALUE"
  std::map<std::string, std::string> labels;
  std::string user;  ///< empty: the image's
  std::string workingDir;
  std::string hostname;
  std::string domainname;
  std::string stopSignal;
  std::vector<std::string> volumes;  ///< anonymous ones, by their place

  std::vector<Bind> binds;
  std::map<std::string, std::string> tmpfs;  ///< place -> options
  std::vector<std::string> volumesFrom;
  int64_t shmBytes = 64 << 20;
  bool readOnlyRoot = false;

  bool terminal = false;   ///< its streams are a terminal
  bool openInput = false;  ///< its standard input is a pipe that stays open, instead of empty
  bool init = false;       ///< an init is its first process, which runs the program

  int64_t cpuShares = 0;
  int64_t cpuPeriod = 0;
  int64_t cpuQuota = 0;
  std::string cpus;  ///< "0-3"
  std::string memoryNodes;
  int64_t memory = 0;  ///< 0: no limit
  int64_t memoryReservation = 0;
  int64_t memorySwap = 0;  ///< with the memory; 0: twice the memory, -1: no limit
  std::optional<int64_t> swappiness;
  int64_t pids = 0;
  int64_t blkioWeight = 0;
  bool oomKillDisable = false;
  std::optional<int64_t> oomScoreAdj;

  bool privileged = false;
  std::vector<std::string> capAdd;
  std::vector<std::string> capDrop;
  bool noNewPrivileges = false;
  bool seccomp = true;
  std::string appArmor;  ///< a profile of the host; empty: none
  std::vector<std::string> groups;
  std::vector<Ulimit> ulimits;
  std::vector<DeviceWish> devices;
  std::map<std::string, std::string> sysctls;

  std::string networkMode;         ///< "bridge", "host", "none" or "awsvpc"
  std::string taskNetwork;         ///< the task's id, in mode awsvpc
  std::vector<PortMapping> ports;  ///< published; on a bridge only
  std::vector<std::string> links;  ///< "CONTAINER:ALIAS", likewise
  bool hostPid = false;
  bool hostIpc = false;
  bool hostUts = false;
  std::string pidOf;      ///< the name of the container whose processes it is among; empty: nobody's
  std::string ipcOf;      ///< likewise of shared memory and the like
  bool lendsIpc = false;  ///< other containers may have it as their ipcOf
  bool noSharedMemory = false;
  std::string cgroupParent;
  std::vector<std::string> extraHosts;  ///< "NAME:ADDRESS"
  std::vector<std::string> dns;
  std::vector<std::string> dnsSearch;
  std::vector<std::string> dnsOptions;
  std::string runtime;
  LogLimits log;
  LogDriver logDriver;
  HealthPlan health;
};

/// Decodes the body of Docker's POST /containers/create. Unimplemented, naming the member, for what this
/// runtime can't do (yet), so that nothing is silently left out; InvalidArgument for values that are wrong by
/// themselves.
Result<ContainerWish> decodeWish(std::string_view createBody);

}  // namespace berth::agent::containerd
