// What the two sessions with the controller (commands and telemetry) share: finding the endpoint, signing,
// connecting, and starting over when a session ends.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "agent/model/container_spec.hpp"
#include "agent/session/backoff.hpp"
#include "agent/session/control_plane.hpp"
#include "common/async/async.hpp"
#include "common/aws/credentials.hpp"
#include "common/http/websocket.hpp"
#include "common/log/log.hpp"
#include "proto/acs/extensions.hpp"

namespace berth::agent {

/// What a session needs of its surroundings; all of it outlives the session.
struct LinkDeps {
  boost::asio::io_context& io;
  ControlPlane& controlPlane;
  const Clock& clock;
  Random& random;
  Log& log;
};

struct LinkOptions {
  Identity identity;
  std::string dockerVersion;  ///< of the runtime, "20.10.24"
  std::string caFile;
  bool verifyTls = true;
  /// After once to twice this a session without a sign of life is closed.
  Duration silence = std::chrono::minutes(1);
  /// What this agent can send on a command session whose controller takes it.
  acs::Extensions offered{acs::Extension::Reports};
};

enum class Ended {
  Cleanly,   ///< by a close frame: connect again at once
  Broken,    ///< anything else: connect again after a delay
  Inactive,  ///< the controller does not know this container instance any more
  Refused,   ///< the controller refuses this host, and trying again can't help
  Stopped,   ///< as asked
};

inline constexpr const char* kAgentVersion = "1.105.1";  ///< of the protocol that this agent speaks
inline constexpr const char* kAgentHash = "berth";

/// Connects to `url` (http, https, ws or wss; with its query) by a websocket whose handshake is signed with
/// SigV4 for service ecs, and which carries the headers `more`. `answer` is what the controller answered to
/// it. Errors as http::connectWebSocket.
Async<Result<std::shared_ptr<http::WebSocket>>> dial(LinkDeps& deps, const LinkOptions& options,
                                                     std::string url, http::WsAnswer& answer,
                                                     http::Headers more = {});

/// Whether a handshake was refused because the controller does not know the instance.
bool saysInactive(const http::WsAnswer& answer);

/// Runs `serve` again and again until `stop`: at once after a clean end, else after `backoff`. A session that
/// lasted a minute resets the back-off; one that ended cleanly within a second does not count as clean, so a
/// controller that closes at once is not hammered. Returns Inactive or Stopped.
Async<Ended> keepConnected(LinkDeps& deps, const char* name, Backoff backoff,
                           std::function<Async<Ended>()> serve, std::stop_token stop);

/// How long a session lasts at most: `base` and a random part of `jitter`; then it is closed with 1000, and
/// connected again. Ends early when `ended` is requested.
void limitLifetime(LinkDeps& deps, const std::shared_ptr<http::WebSocket>& socket, Duration base,
                   Duration jitter, std::stop_token ended);

/// Closes a session (4000) in which nothing that counts has come for once to twice `silence`.
class SilenceWatch {
 public:
  SilenceWatch(LinkDeps& deps, const std::shared_ptr<http::WebSocket>& socket, Duration silence);
  ~SilenceWatch() { current_.request_stop(); }
  SilenceWatch(const SilenceWatch&) = delete;
  SilenceWatch& operator=(const SilenceWatch&) = delete;

  /// Something that counts has come: the time begins anew.
  void arm();

 private:
  LinkDeps& deps_;
  std::weak_ptr<http::WebSocket> socket_;
  Duration silence_;
  std::stop_source current_;
};

}  // namespace berth::agent
