// Says when configuration files change.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/async/async.hpp"
#include "common/result/result.hpp"

namespace berth::agent {

/// Watches the folders of files, so that a file that an editor replaces by renaming is seen, too, and one
/// that isn't there yet. A folder that is missing at the start, one that is replaced, and what symbolic links
/// point to are not watched (but "..data" is, by which mounted volumes switch all files at once).
class ConfigWatcher {
 public:
  struct Options {
    std::vector<std::string> files;  ///< absolute paths
    Duration quiet = std::chrono::milliseconds(200);
  };

  /// From now on calls `changed` on `executor`: once for changes that follow each other within `quiet`, when
  /// it has been quiet for that long, and at the latest after ten times that. Unavailable when the system has
  /// no more watches.
  static Result<std::unique_ptr<ConfigWatcher>> make(Executor executor, Options options,
                                                     std::function<void()> changed);
  /// `changed` is not called any more.
  ~ConfigWatcher();
  ConfigWatcher(const ConfigWatcher&) = delete;
  ConfigWatcher& operator=(const ConfigWatcher&) = delete;

 private:
  class State;
  explicit ConfigWatcher(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace berth::agent
