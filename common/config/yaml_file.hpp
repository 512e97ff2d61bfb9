// Settings from one YAML file.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/config/schema.hpp"
#include "common/config/settings.hpp"

namespace berth::config {

/// What one source says.
struct Layer {
  std::map<std::string, Given> given;
  std::set<std::string> broken;       ///< keys it mentions with values that break a rule
  std::vector<std::string> problems;  ///< each one line, beginning with where it is
};

/// Reads a file of at most 1 MiB with one mapping, nested as the dots in the keys say; an empty file is an
/// empty one.
Layer readYamlFile(const Schema& schema, const std::string& path);

}  // namespace berth::config
