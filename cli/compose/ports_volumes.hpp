// The ports and volumes of a Compose service, which each have a short and a long form.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/compose/container.hpp"

namespace berth::cli {

/// "[PUBLISHED:]TARGET[/PROTOCOL]" or {target, published, protocol, mode} each; adds portMappings to `out`.
void readPorts(const std::string& path, const nlohmann::json& value, ComposeContainer& out,
               Refusals& refusals);

/// "[SOURCE:]TARGET[:ro]" or {type, source, target, read_only} each; adds mountPoints and volumes to `out`. A
/// source with a '/' or a '.' at its begin is a path of the host, else the name of a top-level volume.
void readVolumes(const std::string& path, const nlohmann::json& value, const ComposeSurroundings& around,
                 ComposeContainer& out, Refusals& refusals);

}  // namespace berth::cli
