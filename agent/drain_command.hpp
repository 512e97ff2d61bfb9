// The commands of berth-agent that end by themselves, beside a running agent.
#pragma once

#include "agent/config/config.hpp"
#include "agent/host/command_line.hpp"
#include "common/log/log.hpp"

namespace berth::agent {

/// Drain, Activate, HealthCheck and ShowAttributes. Touches nothing of the running agent's but the marker of
/// a shutdown in data_dir, whose lock it does not take. Answers the exit code: 0 done, 1 not done.
int runCommand(const Config& config, const CommandLine& command, Log& log);

}  // namespace berth::agent
