// The agent's configuration as documentation.
#pragma once

#include <string>

namespace berth::agent {

/// All settings, and the settings of amazon-ecs-agent that don't apply, as tables in Markdown: what
/// docs/configure.md holds between its markers.
std::string describeConfig();

}  // namespace berth::agent
