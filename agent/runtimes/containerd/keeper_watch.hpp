// Sees to it that there is a log keeper.
#pragma once

#include <optional>
#include <string>

#include "agent/keeper/folder.hpp"
#include "common/async/async.hpp"
#include "common/files/own_fd.hpp"
#include "common/log/log.hpp"

namespace berth::agent::containerd {

struct KeeperOptions {
  std::string program;  ///< of the keeper; empty: none is started
  /// How long there may be none before one is started: where systemd starts it, it comes first.
  Duration patience{};
};

/// The keeper beside this program; its unit's start is waited for where this program has one.
KeeperOptions ownKeeper();

/// Looks ten times a second whether somebody holds the folder's lock, and starts a keeper, in a session of
/// its own, when nobody does. It stays when the agent ends.
class KeeperWatch {
 public:
  KeeperWatch(const keeper::Folder& folder, KeeperOptions options, Log& log);

  /// A look; answers whether there is a keeper.
  bool look(MonoTime now);

 private:
  bool locked();
  void start();

  const keeper::Folder& folder_;
  KeeperOptions options_;
  Log& log_;
  OwnFd lock_;
  int child_ = -1;
  std::optional<MonoTime> without_;  ///< since when there is none
};

}  // namespace berth::agent::containerd
