// Builds the agent from its settings and runs it.
#pragma once

#include "agent/config/config.hpp"
#include "common/log/log.hpp"

namespace berth::agent {

/// Runs until SIGTERM or SIGINT; containers go on. Answers the exit code (common/service/program.hpp).
int run(const Config& config, Log& log);

}  // namespace berth::agent
