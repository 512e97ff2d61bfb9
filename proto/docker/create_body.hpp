// The body of POST /containers/create.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/result/result.hpp"
#include "proto/docker/messages.hpp"

namespace berth::docker {

struct CreateBody {
  std::string image;
  std::optional<std::vector<std::string>> command;     ///< nullopt: the image's
  std::optional<std::vector<std::string>> entryPoint;  ///< nullopt: the image's
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> labels;  ///< these win over labels in `config`
  std::vector<PortBinding> ports;             ///< exposed and published; hostPort 0: any free one
  std::vector<std::string> binds;             ///< "/host/path:/container/path[:ro]"
  int64_t cpuShares = 0;                      ///< sent as it is
  int64_t memoryBytes = 0;                    ///< 0: no limit
  std::string networkMode;                    ///< empty: the engine's default
  std::vector<std::string> links;             ///< "CONTAINER:ALIAS"
  std::vector<std::string> volumesFrom;       ///< "CONTAINER[:ro]"
  // These win over hostConfig, unless they are empty.
  std::string cgroupParent;
  std::string pidMode;
  std::string ipcMode;
  std::string runtime;
  std::map<std::string, std::string> logOptions;  ///< added to those of hostConfig; these win
  std::string config;      ///< JSON text of a Config, decoded over the above; may be empty
  std::string hostConfig;  ///< JSON text of a HostConfig, likewise
};

/// JSON text. `config` and `hostConfig` are decoded over the rest as Go's decoder does it: keys match without
/// regard to case, lists and scalars replace, maps merge entry by entry, null empties a list or map and
/// leaves a scalar alone. InvalidArgument when one of them is not a JSON object.
Result<std::string> encodeCreateBody(const CreateBody& body);

}  // namespace berth::docker
