// Takes the host of a running agent out of service and back into it, from a process beside it.
#pragma once

#include <map>
#include <ostream>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/host/command_line.hpp"
#include "agent/host/running_agent.hpp"
#include "agent/session/control_plane.hpp"
#include "common/ids/random.hpp"

namespace berth::agent {

/// One command. It says on `out` what it does, and on `err` what keeps it from that.
class HostDrain {
 public:
  struct Means {
    RunningAgent& agent;
    ControlPlane& controlPlane;
    const Clock& clock;
    Random& random;
    Log& log;
    std::string marker;  ///< a file that holds the ARN of the instance that a shutdown has drained
    std::ostream& out;
    std::ostream& err;
  };
  struct Pace {
    Duration look = std::chrono::milliseconds(250);  ///< between two looks at the tasks
    /// An agent that is not there by then does not come back: a shutdown must not wait for it.
    Duration agentAnswers = std::chrono::seconds(10);
  };

  HostDrain(Means means, CommandLine command, Pace pace)
      : means_(means), command_(std::move(command)), pace_(pace) {}

  /// The exit code: 0 done, 1 not done, or not in time.
  Async<int> run();

 private:
  Async<int> drain(RunningAgent::Who who, std::stop_token late);
  Async<int> activate(RunningAgent::Who who, std::stop_token late);
  Async<int> stopTasks(RunningAgent::Who who, std::stop_token late);
  Async<void> stopNew(const RunningAgent::Who& who, const std::vector<std::string>& live,
                      std::stop_token late);
  Async<bool> noteState(const RunningAgent::Who& who, std::stop_token late);
  Async<bool> setState(RunningAgent::Who who, std::string state, std::stop_token late);
  Async<Result<RunningAgent::Who>> findAgent(std::stop_token late);
  /// Calls `attempt` until it succeeds, it can't help any more, or it is late.
  template <class Attempt>
  Async<Status> repeat(Attempt attempt, std::stop_token late);
  int fail(const std::string& what);
  void complain(const std::string& reason);

  Means means_;
  CommandLine command_;
  Pace pace_;
  std::string complained_;                 ///< the last reason, so that it is told once
  std::map<std::string, MonoTime> asked_;  ///< tasks, and when to ask again; the far future: it was taken
};

}  // namespace berth::agent
