// Reading one container of a payload.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "proto/acs/payload.hpp"
#include "proto/json/fields.hpp"

namespace berth::acs {

/// Reads a member of the task's "containers"; its faults go to `parent`.
Container decodeContainer(const nlohmann::json& value, json::Fields& parent);

}  // namespace berth::acs
