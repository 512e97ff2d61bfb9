// Compose files as task definitions and services: text in, values out.
// Source: the Compose Specification.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/compose/words.hpp"
#include "common/result/result.hpp"

namespace berth::cli {

struct ComposeSource {
  std::string_view text;
  std::string name;     ///< of the file, for messages
  std::string project;  ///< unless the file has a `name` of its own
  std::string folder;   ///< absolute: what relative paths of binds begin at
  Variables variables;
};

/// One task definition and the service that runs it. Services of the file that depend on each other are
/// containers of one task.
struct ComposePart {
  std::string service;        ///< "PROJECT-NAME"
  nlohmann::json definition;  ///< of RegisterTaskDefinition
  nlohmann::json request;     ///< of CreateService, without cluster and taskDefinition
};

struct Composed {
  std::string project;
  std::vector<ComposePart> parts;
  std::vector<std::string> notes;  ///< what was chosen where the file says nothing
};

/// InvalidArgument that names each member of the file that is not offered or can't be read, with its path
/// ("services.web.build") and the way out.
Result<Composed> translateCompose(const ComposeSource& source);

}  // namespace berth::cli
