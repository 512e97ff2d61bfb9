// The wire form of ACS: each websocket text frame is {"type": NAME, "message": {...}}, both ways.
#pragma once

#include <string>
#include <string_view>

#include "common/result/result.hpp"
#include "proto/acs/messages.hpp"

namespace berth::acs {

/// Decodes a frame that an agent received. Keys match without regard to case, unknown ones are ignored.
/// InvalidArgument when it is no envelope or lacks a member that the protocol requires; such a message is to
/// be dropped without an answer. A single task that can't be run lands in PayloadMessage::refused, with
/// "UnrecogniedTaskError: Error loading task - DETAIL" (spelt as Amazon's agent does) as its reason.
Result<ToAgent> decodeToAgent(std::string_view frame);

/// Decodes a frame that a controller received. InvalidArgument as above.
Result<FromAgent> decodeFromAgent(std::string_view frame);

std::string encode(const ToAgent& message);
std::string encode(const FromAgent& message);

}  // namespace berth::acs
