// What containers write: the agent's part in the folder that it shares with the log keeper.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/keeper/folder.hpp"
#include "agent/runtimes/containerd/container_wish.hpp"
#include "common/files/own_fd.hpp"
#include "common/result/result.hpp"

namespace berth::agent::containerd {

/// Pipes of containers, and what is wanted of them. A pipe is held open here from the start of its container
/// until the keeper has all of it: what is in it outlives the shim and the keeper.
class Outputs {
 public:
  explicit Outputs(std::string root) : folder_(std::move(root)) {}

  const keeper::Folder& folder() const { return folder_; }
  /// Where whoever wants to can write what a container with an open input reads.
  std::string standardInput(const std::string& id) const { return folder_.of(id) + "/stdin"; }
  /// A pipe that nobody writes to yet.
  Status openInput(const std::string& id) const;
  std::string standardOutput(const std::string& id) const { return folder_.fifo(id, false); }
  std::string standardError(const std::string& id) const { return folder_.fifo(id, true); }

  /// Before its task is created: pipes for it, and the keeper is told. Those of a start that nothing is known
  /// to have come of are used again, as a shim may have them.
  Status begin(const std::string& id, const std::string& run, LogLimits limits);
  /// Holds the pipes of one that runs; it may be called at any time.
  void hold(const std::string& id);
  /// The task is gone, so nobody writes any more; it may be called at any time.
  void end(const std::string& id);
  /// Nobody writes any more, and the log has not all of it yet.
  bool ending(const std::string& id) const;
  /// Whether the log has all that it will have, unless the container is started again.
  bool complete(const std::string& id) const;
  void remove(const std::string& id);
  /// Lets go of pipes that the keeper has read to their end.
  void release();

  /// Of the log, oldest first.
  std::vector<std::string> files(const std::string& id) const;
  int64_t bytes(const std::string& id) const;
  keeper::Drops drops(const std::string& id) const;
  /// Where a log driver keeps how far it is; gone with the container.
  std::string sent(const std::string& id) const { return folder_.of(id) + "/sent"; }

 private:
  struct Held {
    std::array<OwnFd, 2> pipes;
    bool ended = false;
  };

  std::optional<keeper::Wanted> wanted(const std::string& id) const;
  Status want(const std::string& id, const keeper::Wanted& wanted) const;

  keeper::Folder folder_;
  std::map<std::string, Held> held_;
};

}  // namespace berth::agent::containerd
