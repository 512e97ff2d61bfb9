// Task definitions: out of files, and as changed copies of what is there.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/commands/session.hpp"

namespace berth::cli {

/// Whether a word means a file rather than a family: it names one that is there, or has a '/' or the ending
/// of JSON or YAML.
bool isDefinitionFile(const std::string& word);

/// A whole file, at most 1 MiB. InvalidArgument when it can't be read.
Result<std::string> readTextFile(const std::string& path);

/// Registers a task definition ("family:revision" is the answer); is the newest revision of its family made
/// of the same text, that one is taken and none made.
Result<std::string> registerDefinition(const Session& session, nlohmann::json definition);
/// The same out of a file with one task definition.
Result<std::string> registerFile(const Session& session, const std::string& path);

/// Registers a copy of a definition in which a container has another image. `change` is "IMAGE" or
/// "CONTAINER=IMAGE"; without a container's name the definition has but one essential container.
Result<std::string> registerWithImage(const Session& session, const std::string& definition,
                                      const std::string& change);

}  // namespace berth::cli
