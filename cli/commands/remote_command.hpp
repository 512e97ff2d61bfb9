// The client's side of a command in a container: docs/exec.md, "The stream".
#pragma once

#include <string>

#include "cli/commands/session.hpp"

namespace berth::cli {

struct RemoteCommand {
  std::string url;  ///< of the websocket
  std::string token;
  std::string user;
  bool tty = false;
  bool input = false;
};

/// Connects, passes input and output on until the command ends: its exit code. With a terminal, ours is raw
/// meanwhile and its size follows. Errors: no connection, what the stream ended with, Cancelled after an
/// interrupt.
Result<int> runRemote(Session& session, const RemoteCommand& remote);

}  // namespace berth::cli
