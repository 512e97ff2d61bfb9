// What both directions of the agent control channel share: the envelope of a frame, and lists of tasks.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "proto/acs/messages.hpp"
#include "proto/json/fields.hpp"

namespace berth::acs {

/// A text frame taken apart: {"type": ..., "message": {...}}.
struct Frame {
  std::string type;
  nlohmann::json message;  ///< an empty object where the frame has none
};

/// Errors: InvalidArgument, when `text` is no JSON object or lacks its type.
Result<Frame> parseFrame(std::string_view text);

nlohmann::json envelope(std::string_view type, nlohmann::json message);

/// The list of task identities `name` of `fields`; what is wrong with it is left in `fields`.
std::vector<TaskIdentity> decodeIdentities(json::Fields& fields, std::string_view name);

nlohmann::json encodeIdentities(const std::vector<TaskIdentity>& tasks);

}  // namespace berth::acs
