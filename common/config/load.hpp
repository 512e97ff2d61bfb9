// Settings from a YAML file, the environment and other sources.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config/schema.hpp"
#include "common/config/settings.hpp"
#include "common/result/result.hpp"

namespace berth::config {

struct Sources {
  std::optional<std::string> yamlFile;
  std::string envPrefix;                           ///< "BERTH_AGENT_"
  std::map<std::string, std::string> environment;  ///< all variables; see processEnvironment
  std::vector<Layer> foreign;                      ///< other programs' configurations, the strongest first
  /// Sections whose keys only make sense together ("credentials"): when the YAML file or a variable with the
  /// prefix has a key of one, foreign values of all its keys are left out.
  std::vector<std::string> together;
};

/// Reads all sources. For each key the first of these that has it wins: variable with the prefix, YAML file,
/// foreign layers, default.
///
/// YAML: one mapping; a section is a nested mapping. Environment: the prefix and the key in upper case, dots
/// as "__" (BERTH_AGENT_IMAGES__PULL_BEHAVIOR); a variable with the prefix that names no key is an error.
///
/// InvalidArgument with one line for each problem, all of them, also those in values that another source
/// overrides: `agent.yaml:3: unknown key 'regoin': did you mean 'region'?`.
Result<Settings> load(std::shared_ptr<const Schema> schema, const Sources& sources);
Result<Settings> load(const Schema& schema, const Sources& sources);

/// The variables of this process.
std::map<std::string, std::string> processEnvironment();

}  // namespace berth::config
