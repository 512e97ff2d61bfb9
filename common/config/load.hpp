// Settings from a YAML file, the environment and other sources.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/config/schema.hpp"
#include "common/config/settings.hpp"
#include "common/result/result.hpp"

namespace berth::config {

/// A value in the environment's form from a source that is not Berth's own, and where it was found:
/// "/etc/ecs/ecs.config:3 (ECS_CLUSTER)".
struct ForeignText {
  std::string text;
  std::string source;
};
using ForeignTexts = std::map<std::string, ForeignText>;  ///< by Berth's key

struct Sources {
  std::optional<std::string> yamlFile;
  std::string envPrefix;                           ///< "BERTH_AGENT_"
  std::map<std::string, std::string> environment;  ///< all variables; see processEnvironment
  ForeignTexts foreignEnvironment;                 ///< the ECS_* variables
  ForeignTexts foreignFile;                        ///< ecs.config
};

/// Reads all sources. For each key the first of these that has it wins: BERTH_ variable, foreign environment,
/// YAML file, foreign file, default.
///
/// YAML: one mapping; a section is a nested mapping. Environment: the prefix and the key in upper case, dots
/// as "__" (BERTH_AGENT_IMAGES__PULL_BEHAVIOR); a variable with the prefix that names no key is an error.
///
/// InvalidArgument with one line for each problem, all of them, also those in values that another source
/// overrides: `agent.yaml:3: unknown key 'regoin': did you mean 'region'?`.
Result<Settings> load(const Schema& schema, const Sources& sources);

/// The variables of this process.
std::map<std::string, std::string> processEnvironment();

}  // namespace berth::config
