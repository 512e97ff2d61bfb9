// JSON text to a tree of values by RapidJSON, in a fraction of the time of nlohmann's own parser: for what
// comes by the thousand.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

namespace berth::json {

/// Puts the tree that nlohmann/json makes of `text` into `out`, with no more than `members` of it, where some
/// are named: each by its keys ("Config.Labels"), which match by equalsIgnoreCase(); lists are whole. False,
/// and anything in `out`, for what nlohmann/json has to judge: text that is no JSON, is nested deeper than
/// `mostDepth`, or has characters by number (\uXXXX).
bool readFast(std::string_view text, int mostDepth, nlohmann::json& out,
              const std::vector<std::string_view>& members = {});

}  // namespace berth::json
