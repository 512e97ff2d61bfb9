// Private to common/http: where a server listens.
#pragma once

#include <utility>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <string>

#include "common/http/stream.hpp"
#include "common/result/result.hpp"

namespace berth::http {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol, LoopExecutor>;

/// A bound acceptor that listens.
struct Listener {
  Acceptor acceptor;
  uint16_t port = 0;       ///< 0 for a unix socket
  std::string socketPath;  ///< empty for TCP
};

/// `address`: "127.0.0.1:7400", "[::1]:0" or "unix:/path". InvalidArgument for any other form,
/// FailedPrecondition when it can't be bound. A socket file that refuses connections is replaced.
Result<Listener> listenOn(LoopExecutor executor, const std::string& address);

/// "127.0.0.1:41234", "[::1]:41234" or "unix".
std::string describePeer(const boost::asio::generic::stream_protocol::endpoint& peer);

}  // namespace berth::http
