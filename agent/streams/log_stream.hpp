// What containers have written, over a stream.
#pragma once

#include <memory>
#include <vector>

#include "agent/streams/sending.hpp"
#include "agent/streams/stream_server.hpp"

namespace berth::agent {

/// Sends the output of all of them, interleaved as it comes; the stream is closed at its end.
Async<void> carryLogs(StreamMeans means, std::shared_ptr<const acs::OpenStreamMessage> message,
                      std::vector<LocatedContainer> containers, std::shared_ptr<http::WebSocket> socket);

}  // namespace berth::agent
