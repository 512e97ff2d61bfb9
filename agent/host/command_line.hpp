// The command line of berth-agent: the daemon's, and that of the commands that end by themselves.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <variant>

#include "common/time/clock.hpp"

namespace berth::agent {

struct CommandLine {
  enum class Action {
    Run,             ///< the daemon
    CheckConfig,     ///< --check-config
    DescribeConfig,  ///< --describe-config
    Drain,           ///< --drain
    Activate,        ///< --activate
    HealthCheck,     ///< --healthcheck
    ShowAttributes,  ///< --ecs-attributes
  };
  Action action = Action::Run;
  std::optional<std::string> configFile;
  bool stopTasks = false;      ///< of Drain
  bool atShutdown = false;     ///< of Drain: the next start may take it back
  bool afterShutdown = false;  ///< of Activate: only what a Drain with atShutdown did
  Duration timeout = std::chrono::minutes(2);
  std::string reason = "The container instance is shut down";
};

/// What to do, or the code to exit with: 0 after --help and --version, whose text goes to `out`, 2 for a bad
/// command line, which `err` explains. One dash is as good as two, as amazon-ecs-agent's scripts write them.
std::variant<CommandLine, int> parseCommandLine(const std::string& version, int argc, const char* const* argv,
                                                std::ostream& out, std::ostream& err);

}  // namespace berth::agent
