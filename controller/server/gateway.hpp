// The controller's front door: authenticates every API call and every agent's websocket, and passes them on.
#pragma once

#include <functional>
#include <optional>

#include "common/aws/credentials.hpp"
#include "common/aws/replay_guard.hpp"
#include "common/aws/sigv4_verifier.hpp"
#include "common/http/server.hpp"
#include "common/metrics/registry.hpp"
#include "controller/server/agent_sessions.hpp"

namespace berth::controller {

struct GatewayOptions {
  std::string region;
  bool authenticate = true;  ///< false: auth none, which the config allows on loopback only
  bool tls = false;
};

class Gateway final : public http::Handler {
 public:
  /// `lookup`: the credentials of an access key id.
  Gateway(GatewayOptions options, aws::Verifier::Lookup lookup, CoreRunner& runner, AgentSessions& sessions,
          Random& random, const Clock& clock, Log& log);

  /// POST /: an API call. GET /health: 200 while the store can be written, else 503. GET /metrics.
  Async<http::Response> handle(http::ServerRequest request) override;
  /// /v1/acs/ws and /v1/tcs/ws.
  Async<http::UpgradeDecision> upgrade(http::ServerRequest request) override;

 private:
  Async<http::Response> call(http::ServerRequest request);
  /// Who signed the request; with `changes`, a signature counts once only.
  ApiResult<std::string> authenticate(const http::ServerRequest& request, bool changes);
  http::Response metrics();

  GatewayOptions options_;
  aws::Verifier verifier_;
  aws::ReplayGuard replays_;
  CoreRunner& runner_;
  AgentSessions& sessions_;
  Random& random_;
  const Clock& clock_;
  Log& log_;
  WallTime startedAt_;  ///< to the second, as signatures are dated
  Registry metrics_;
  Counter& calls_;
  Counter& refused_;
};

/// The errors that the server makes by itself (bad HTTP, too large, too slow), in the API's form.
http::Response errorResponse(int status, std::string message);

}  // namespace berth::controller
