// Settings from one YAML file.
#pragma once

#include <string>

#include "common/config/schema.hpp"
#include "common/config/settings.hpp"

namespace berth::config {

/// Reads a file of at most 1 MiB with one mapping, nested as the dots in the keys say; an empty file is an
/// empty one.
Layer readYamlFile(const Schema& schema, const std::string& path);

}  // namespace berth::config
