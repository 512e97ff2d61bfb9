// berth-agent's settings: agent.yaml and BERTH_AGENT_* variables.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "common/log/stderr_log.hpp"
#include "common/result/result.hpp"

namespace berth::agent {

struct Config {
  std::string cluster;
  bool clusterGiven = false;  ///< false: "default" by default, which the agent may create
  std::string controller;
  std::string region;
  std::string credentialsFile;
  std::string credentialsProfile;
  std::string accessKey;  ///< with secretKey, instead of a file
  std::string secretKey;
  std::string caFile;
  std::string runtimeSocket;
  std::string dataDir;
  std::map<std::string, std::string> attributes;
  int64_t reservedMemory = 0;  ///< MiB
  std::set<uint16_t> reservedPorts;
  std::vector<std::string> loggingDrivers;
  PullBehavior pullBehavior = PullBehavior::Default;
  Duration stopTimeout{};
  Duration cleanupDelay{};
  bool metrics = true;
  Duration metricsInterval{};
  LogOptions log;
  std::string described;  ///< the effective settings as YAML, secrets hidden
};

/// Reads the file, if any, and the environment. InvalidArgument with every problem, one a line.
Result<Config> loadConfig(const std::optional<std::string>& file,
                          const std::map<std::string, std::string>& environment);

}  // namespace berth::agent
