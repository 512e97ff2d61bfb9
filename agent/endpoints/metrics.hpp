// The agent's figures for Prometheus.
#pragma once

#include <string>

#include "agent/endpoints/directory.hpp"

namespace berth::agent::endpoints {

/// Text format 0.0.4: tasks and containers by their known status, tasks that wait, and the agent's version.
std::string metricsText(const Directory& directory);

}  // namespace berth::agent::endpoints
