// What the runtime keeps about a container, in its record at containerd.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "agent/runtimes/containerd/container_wish.hpp"
#include "agent/runtimes/containerd/containerd_api.hpp"
#include "common/result/result.hpp"

namespace berth::agent::containerd {

/// What else its task is started with.
struct KeptStart {
  bool terminal = false;
  bool openInput = false;
  int64_t lentMemory = 0;  ///< bytes of the shared memory that it lends to others; 0: it lends none
  std::string holder;      ///< the id of the container whose namespaces it has; empty: of none
};

struct KeptMount {
  std::string volume;  ///< its name; empty: a path of the host
  std::string source;
  std::string destination;
  bool readOnly = false;
  bool anonymous = false;  ///< goes with the container
};

/// What a container is to have of a network each time it is started.
struct KeptNetwork {
  std::string mode;  ///< "bridge", "host", "none" or "awsvpc"
  std::string hostname;
  std::vector<PortMapping> ports;
  std::vector<std::string> links;  ///< "CONTAINER:ALIAS"
  std::string task{};              ///< whose network it shares, in mode awsvpc
};

/// JSON
/// {"name","labels","imageId","chain","stopSignal","group","logBytes","logFiles","logDriver","logOptions",
/// "health","start","network","mounts":[...]}, where "network" is
/// {"mode","hostname","ports":[...],"links":[...],"task"}.
struct ContainerRecord {
  std::string name;
  std::map<std::string, std::string> labels;
  std::string imageId;
  std::string chain;  ///< the snapshot that its own one stands on
  uint32_t stopSignal = 15;
  std::string group;  ///< of control, below each hierarchy
  LogLimits log;
  KeptNetwork network;
  LogDriver logDriver;
  HealthPlan health;
  KeptStart start;
  std::vector<KeptMount> mounts;
};
std::string encodeRecord(const ContainerRecord& record);
Result<ContainerRecord> decodeRecord(std::string_view text);

/// JSON {"code","oom","startedAt","finishedAt"}, times in milliseconds.
struct ExitRecord {
  int code = 0;
  bool oomKilled = false;
  std::optional<WallTime> startedAt;
  std::optional<WallTime> finishedAt;
};
std::string encodeExit(const ExitRecord& exit);
Result<ExitRecord> decodeExit(std::string_view text);

/// What is known of one container. `startedAt`: when it was last seen to be started; nullopt: never.
/// One that was started, has no task and no record of its end (the host was restarted) has exited, nobody
/// knows how.
RuntimeContainer describe(const StoredContainer& stored, const ContainerRecord& record,
                          const std::optional<TaskState>& task, std::optional<WallTime> startedAt);

}  // namespace berth::agent::containerd
