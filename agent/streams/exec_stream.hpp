// A command in a container over a stream.
#pragma once

#include <memory>

#include "agent/streams/sending.hpp"
#include "agent/streams/stream_server.hpp"

namespace berth::agent {

/// Runs it until it has ended, or the stream has; the stream is closed then, and nothing of the command is
/// left that its end or signals can end.
Async<void> carryExec(StreamMeans means, std::shared_ptr<const acs::OpenStreamMessage> message,
                      LocatedContainer container, std::shared_ptr<http::WebSocket> socket);

}  // namespace berth::agent
