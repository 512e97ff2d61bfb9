// Builds the controller from its settings and runs it.
#pragma once

#include "common/log/log.hpp"
#include "controller/config/config.hpp"

namespace berth::controller {

/// Runs until SIGTERM or SIGINT. Answers the exit code (common/service/program.hpp).
int run(const Config& config, Log& log);

}  // namespace berth::controller
