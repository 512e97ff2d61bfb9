// What both kinds of streams work with.
#pragma once

#include <memory>
#include <stop_token>

#include "agent/streams/container_streams.hpp"
#include "common/async/async.hpp"
#include "common/http/websocket.hpp"
#include "common/log/log.hpp"
#include "proto/streams/frame.hpp"

namespace berth::agent {

/// What may wait to be sent before more is read.
inline constexpr size_t kMostWaiting = size_t{256} << 10;

struct StreamMeans {
  Executor executor;
  ContainerStreams& containers;
  Log& log;
  std::stop_token stopping;  ///< the agent ends
};

/// Sends an error and closes.
inline void fail(http::WebSocket& socket, const streams::Failure& failure) {
  socket.sendBinary(streams::errorFrame(failure));
  socket.close(1000, "");
}

/// Sends the end. The controller closes once it has that: closing from here has a time limit, in which what
/// is before it may not have got through to a slow reader.
inline void finish(http::WebSocket& socket, int exitCode) { socket.sendBinary(streams::exitFrame(exitCode)); }

}  // namespace berth::agent
