// One exchange with the Docker Engine whose answer is read as fast as its reader wants, and that may become a
// connection for both directions. What the client of all other calls can't do: it never waits for a reader.
#pragma once

#include <memory>
#include <string>

#include "common/async/async.hpp"
#include "common/result/result.hpp"

namespace berth::agent {

class EngineStream {
 public:
  struct Ask {
    std::string method;
    std::string target;  ///< path with API version, and query
    std::string body;    ///< JSON; empty: none
    bool bothWays = false;
    Duration limit = std::chrono::seconds(30);  ///< until the answer begins
  };

  virtual ~EngineStream() = default;

  /// The next bytes of the answer's body, at most 32 KiB; empty at its end. Unavailable when the connection
  /// breaks, Cancelled after close().
  virtual Async<Result<std::string>> read() = 0;
  /// With `bothWays`. Returns when the engine has taken all of it.
  virtual Async<Status> write(std::string bytes) = 0;
  /// Nothing more will be written.
  virtual void finishWriting() = 0;
  /// Ends both directions, and what waits for them.
  virtual void close() = 0;
};

/// Asks the engine behind a unix socket. Errors: Unavailable (no connection), DeadlineExceeded (`limit`), and
/// those of engineError() for a refusal.
Async<Result<std::shared_ptr<EngineStream>>> openEngineStream(std::string socket, EngineStream::Ask ask);

}  // namespace berth::agent
