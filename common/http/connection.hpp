// Private to common/http: one connection of a server, from its first byte to its last.
#pragma once

#include <set>
#include <string>

#include "common/async/gate.hpp"
#include "common/http/server.hpp"
#include "common/http/stream.hpp"

namespace berth::http {

/// A connection as the server sees it.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  /// Lets a running handler answer; streamed bodies end soon, whatever else there is now (websockets with
  /// 1001).
  virtual void stop() = 0;
  /// Closes the socket.
  virtual void abort() = 0;
};

/// What the connections of one server share; lives until the last has ended.
struct ServerShared {
  ServerOptions options;
  Handler& handler;
  Log& log;
  Gate gate;
  std::set<OpenConnection*> open;

  Response errorResponse(int status, std::string message) const;
};

/// Serves one connection until it is closed; it is in `shared->open` meanwhile.
Async<void> serveConnection(std::shared_ptr<ServerShared> shared, PlainStream socket, std::string remote);
Async<void> serveConnection(std::shared_ptr<ServerShared> shared, TlsStream stream, std::string remote);

}  // namespace berth::http
