// What may pass between the two sides of a stream. Values only; docs/exec.md.
#pragma once

#include "proto/streams/frame.hpp"

namespace berth::controller {

enum class Pass {
  Forward,
  Drop,    ///< it is for this side, and says no more than that the other is there
  Last,    ///< it is passed on, and the stream ends
  Refuse,  ///< it is not the sender's to send
};

/// Of a command's session, behind the opening.
Pass passFromClient(streams::Channel channel);
Pass passFromAgent(streams::Channel channel);
/// Of a stream of logs.
Pass passOfLogs(streams::Channel channel);

/// Whether somebody did something: what the idle timeout counts from.
bool isActivity(streams::Channel channel);

/// The code with which a client's websocket is closed after an error of that type.
uint16_t closeCodeOf(std::string_view errorType);

}  // namespace berth::controller
