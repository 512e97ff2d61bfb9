// The configuration of amazon-ecs-agent as this agent reads it: ECS_ variables of the environment,
// ecs.config, and the JSON file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/config/settings.hpp"

namespace berth::agent {

/// One text of a source, before it is known what it means.
struct EcsText {
  std::string name;    ///< "ECS_CLUSTER", in JSON "Cluster"
  std::string text;    ///< in the variable's form; empty counts as not set
  std::string source;  ///< for people: "/etc/ecs/ecs.config:3 (ECS_CLUSTER)"
};

/// What a source holds, and what is wrong with the source itself.
struct EcsTexts {
  enum class Names { Variables, ProcessVariables, JsonKeys };
  Names names = Names::Variables;
  std::vector<EcsText> texts;
  std::vector<std::string> problems;
};

/// All variables of a process.
EcsTexts ecsEnvironment(const std::map<std::string, std::string>& environment);

/// `content` of ecs.config: one KEY=value a line, no quoting, no comments; lines without '=' are skipped,
/// blanks at the ends of a line dropped, the last of several values counts.
EcsTexts ecsLines(std::string_view path, std::string_view content);

/// `content` of the JSON file: an object whose keys are the fields of amazon-ecs-agent's configuration, in
/// any case; durations are nanoseconds; null and 0 are not set. Nested deeper than 64 levels it is none.
EcsTexts ecsJson(std::string_view path, std::string_view content);

/// The settings that the texts give, in `layer`. Texts that don't count are told in `warnings`, one line
/// each: those that don't apply here, those raised to a least value, ECS_ variables that nobody knows.
struct EcsLayer {
  config::Layer layer;
  std::vector<std::string> warnings;
};
EcsLayer translateEcs(const config::Schema& schema, const EcsTexts& texts);

}  // namespace berth::agent
