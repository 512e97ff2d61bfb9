// What a Docker Engine keeps on its disk, and how full that is.
#pragma once

#include <string>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "agent/runtimes/docker/engine_api.hpp"
#include "common/async/async.hpp"

namespace berth::agent {

class ImageStore {
 public:
  /// `api` must outlive this and its coroutines.
  explicit ImageStore(EngineApi& api) : api_(api) {}

  Async<Result<std::vector<StoredImage>>> images();
  Async<Result<std::vector<ContainerUse>>> uses(bool sizes);
  Async<Result<DiskState>> disk();

 private:
  Async<Result<std::string>> root();

  EngineApi& api_;
  std::string root_;  ///< DockerRootDir, once the engine was asked
};

/// Bytes of the log files in a container's folder: <root>/containers/<id>/*.log*. 0 when it can't be read, as
/// with another driver than json-file.
int64_t logBytes(const std::string& root, const std::string& containerId);

/// How full the file system below `path` is. NotFound when there is no such folder.
Result<DiskState> diskAt(const std::string& path);

}  // namespace berth::agent
