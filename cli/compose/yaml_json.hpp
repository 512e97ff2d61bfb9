// YAML and JSON files as values.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::cli {

/// How plain scalars are read.
enum class Scalars {
  Typed,  ///< what looks so is a number, true, false or null, as YAML's core schema has it
  Text,   ///< all as they are written, but null: "1.10" stays "1.10"
};

/// The one document of a text, as JSON. `name` stands for the file in messages. InvalidArgument, with the
/// line, for a text that is no YAML, has keys that are no text or come twice, or is nested deeper than 50.
Result<nlohmann::json> jsonOfYaml(std::string_view text, std::string_view name,
                                  Scalars scalars = Scalars::Typed);

}  // namespace berth::cli
