// Builds the agent from its settings and runs it.
#pragma once

#include "agent/config/config.hpp"
#include "common/log/log.hpp"

namespace berth::agent {

/// Runs until SIGTERM or SIGINT; containers go on. SIGHUP, or a change of one of the files that `sources`
/// names, takes over what can change while it runs. Answers the exit code (common/service/program.hpp).
int run(Config config, const ConfigSources& sources, Log& log);

}  // namespace berth::agent
