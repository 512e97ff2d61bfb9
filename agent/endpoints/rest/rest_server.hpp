// HTTP/1.1 by cpprestsdk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/endpoints/host/connections.hpp"
#include "agent/endpoints/message.hpp"
#include "common/log/log.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::endpoints {

struct RestOptions {
  std::string address = "127.0.0.1";  ///< IPv4
  uint16_t port = 0;                  ///< must be given
  size_t mostBody = 16 << 10;         ///< of a request; more is answered with 413
  ConnectionLimits connections = {};
};

/// One listening address. All servers share cpprestsdk's threads (see useThreads), which live as long as the
/// program; beside them each server has one thread. The library itself knows no limits: slow, silent, greedy
/// and too many connections are cut by a look at them every 100 ms while there are any, and every second
/// otherwise.
class RestServer {
 public:
  /// Called on a library thread for each request; `reply` must be called exactly once, on any thread.
  using Handler = std::function<void(Request, std::function<void(Response)>)>;

  /// How many threads the library has, for all servers of the program. FailedPrecondition when it has some
  /// already: call it before anything else.
  static Status useThreads(size_t threads);

  RestServer(Log& log, const Clock& clock);
  /// Stops.
  ~RestServer();
  RestServer(const RestServer&) = delete;
  RestServer& operator=(const RestServer&) = delete;

  /// Listens. FailedPrecondition, naming the address and the way out, when it can't; start() may be called
  /// again then, and after stop().
  Status start(RestOptions options, Handler handler);

  /// Calls what later() still holds, refuses new connections, and returns when every handler's reply was
  /// given. Not from a library thread.
  void stop();

  /// Calls `work` once on this server's own thread, after `delay` or when the server stops. Before start()
  /// and after stop() it is called from here. Works must not block.
  void later(Duration delay, std::function<void()> work);

  /// The peers' ports of all connections that `address` has open to this server.
  std::vector<uint16_t> portsOf(const std::string& address) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::agent::endpoints
