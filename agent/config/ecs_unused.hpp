// The settings of amazon-ecs-agent that have no counterpart here, each with the reason.
// Source: agent-protocol.md, sections 9.2 and 9.3.
#pragma once

#include <span>
#include <string_view>

namespace berth::agent {

struct UnusedVariable {
  std::string_view variable;   ///< empty: JSON only
  std::string_view jsonKey;    ///< empty: variable only
  std::string_view reason;     ///< why it doesn't apply, and what to use instead; a sentence
  std::string_view same = {};  ///< the value that says what holds here anyway; it needs no warning
  bool fromProcess = false;    ///< in the environment of the process it counts: a library reads it there
};

/// The variable that names the JSON file; it feeds no setting, but counts.
inline constexpr std::string_view kJsonFileVariable = "ECS_AGENT_CONFIG_FILE_PATH";

std::span<const UnusedVariable> unusedVariables();

/// Whether `text` says the same as `same`: booleans in any of Go's forms, other texts as they are.
bool saysTheSame(const UnusedVariable& unused, std::string_view text);

}  // namespace berth::agent
