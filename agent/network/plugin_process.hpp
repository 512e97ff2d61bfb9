// Short programs that the agent runs: CNI plugins, iptables.
#pragma once

#include <string>
#include <vector>

#include "common/async/async.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::network {

struct ProgramCall {
  std::vector<std::string> command;      ///< the program first: a path, or a name to be looked up in PATH
  std::vector<std::string> environment;  ///< "NAME=VALUE": all of it
  std::string input;
  Duration limit = std::chrono::seconds(30);
};

struct ProgramEnd {
  int code = 0;        ///< 128 and the signal's number when a signal ended it
  std::string output;  ///< at most 1 MiB each
  std::string errors;
};

/// Runs it to its end. NotFound when there is no such program; DeadlineExceeded when it took longer than
/// `limit`: it and what it has started are then killed. They are killed, too, when the coroutine is
/// destroyed.
Async<Result<ProgramEnd>> runProgram(ProgramCall call);

}  // namespace berth::agent::network
