// The wire form of OpenStreamMessage, which is ours: docs/exec.md.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "common/result/result.hpp"
#include "proto/acs/messages.hpp"

namespace berth::acs {

inline constexpr std::string_view kOpenStream = "OpenStreamMessage";

/// InvalidArgument for a kind that is none, or a member that is missing.
Result<OpenStreamMessage> decodeOpenStream(const nlohmann::json& body);
nlohmann::json encodeOpenStream(const OpenStreamMessage& message);

}  // namespace berth::acs
