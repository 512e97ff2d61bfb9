// The controller's front door: says of every API call and every agent's websocket who asks, whether they may
// and not too often, passes it on, and keeps the audit log.
#pragma once

#include <memory>
#include <optional>

#include "common/aws/credentials.hpp"
#include "common/aws/replay_guard.hpp"
#include "common/aws/sigv4_verifier.hpp"
#include "common/http/server.hpp"
#include "controller/callers/authorize.hpp"
#include "controller/callers/caller_book.hpp"
#include "controller/callers/throttle.hpp"
#include "controller/operations/table.hpp"
#include "controller/server/agent_sessions.hpp"
#include "controller/server/audit_log.hpp"
#include "controller/server/extension.hpp"
#include "controller/server/metrics.hpp"
#include "controller/server/open_ends.hpp"
#include "controller/server/streams.hpp"

namespace berth::controller {

struct GatewayOptions {
  std::string region;
  bool authenticate = true;  ///< false: auth none, which the config allows on loopback only
  bool tls = false;
  ThrottleRates throttle{};
};

struct GatewayDeps {
  const CallerBook& callers;  ///< may get another value at any time
  CoreRunner& runner;
  AgentSessions& sessions;
  AuditLog& audit;
  Extension& extension;
  Streams& streams;
  OpenEnds& ends;
  Metrics& metrics;
  Random& random;
  const Clock& clock;
  Log& log;
};

class Gateway final : public http::Handler {
 public:
  Gateway(GatewayOptions options, GatewayDeps deps);

  /// POST /: an API call. GET /health: 200 while the store can be written, else 503. GET /metrics.
  Async<http::Response> handle(http::ServerRequest request) override;
  /// As handle(), and the extension endpoint.
  Async<http::Answer> answer(http::ServerRequest request) override;
  /// /v1/acs/ws, /v1/tcs/ws, and streams.
  Async<http::UpgradeDecision> upgrade(http::ServerRequest request) override;

 private:
  /// A call or a websocket on its way through the checks.
  struct Asked {
    AuditEntry audit;
    std::shared_ptr<const KnownCaller> caller;
    std::string signature;
    bool changes = false;  ///< so a signature counts once only
    bool audited = false;  ///< also when it is let through
  };

  Async<http::Response> call(http::ServerRequest request);
  /// The websocket by which an agent opens its side of a stream.
  Async<http::UpgradeDecision> upgradeStream(http::ServerRequest request);
  /// The call itself, once nothing speaks against it.
  Async<http::Response> perform(std::string operation, Json input, Caller caller, Asked asked);
  static Caller callerOf(const http::ServerRequest& request, const Asked& asked, bool tls);
  Asked begin(std::string source, std::string operation, bool changes);
  /// Who signed the request.
  std::optional<ApiError> identify(const http::ServerRequest& request, Asked& asked);
  /// A changing request whose signature was used before, or may have been.
  std::optional<ApiError> replayed(const http::ServerRequest& request, const Asked& asked);
  std::optional<ApiError> authorized(const Json& input, Asked& asked);
  /// Who lets a job run tasks needs the right to run them.
  std::optional<ApiError> mayLaunch(const Json& launch, const Asked& asked);
  http::Response refuse(Asked& asked, const ApiError& error);
  void noteRefusal(Asked& asked, const ApiError& error);
  /// A call has been performed.
  void noteOutcome(Asked& asked, const std::string& operation, const Reply& answer, MonoTime begun);
  /// Whoever opened a command session, for what comes by it.
  struct Holder {
    Caller caller;
    std::string source;
    std::string instance;  ///< the id of its container instance
  };
  ReportTaker reportsOf(Holder holder);
  void takeReports(const Holder& holder, acs::ReportsMessage message,
                   const std::function<void(acs::ReportsAck)>& answer);
  std::optional<ApiError> refusedReport(const Holder& holder, const acs::StateReport& report, Asked& asked);
  void record(Asked& asked, const std::string& outcome);
  void recordRefusal(Asked& asked, const ApiError& error);

  GatewayOptions options_;
  GatewayDeps deps_;
  aws::Verifier verifier_;
  aws::ReplayGuard replays_;
  Throttle throttle_;
  std::shared_ptr<const KnownCaller> anyone_;  ///< with auth none
  TokenBucket strangers_;                      ///< refusals of nobody known that the audit log tells
  int64_t leftOut_ = 0;                        ///< and those that it did not
  WallTime startedAt_;                         ///< to the second, as signatures are dated
};

/// The errors that the server makes by itself (bad HTTP, too large, too slow), in the API's form.
http::Response errorResponse(int status, std::string message);

}  // namespace berth::controller
