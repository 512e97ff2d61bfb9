// The agents' websockets: ACS sessions carry commands, TCS sessions telemetry.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>

#include "common/http/server.hpp"
#include "controller/server/core_runner.hpp"
#include "proto/acs/extensions.hpp"
#include "proto/tcs/messages.hpp"

namespace berth::controller {

/// Performs the calls that an agent's message holds, and answers once what they changed is durable.
using ReportTaker = std::function<void(acs::ReportsMessage, std::function<void(acs::ReportsAck)>)>;

class AgentSessions final : public AgentLinks {
 public:
  /// `heartbeat`: a telemetry session is not silent for longer; on command sessions the core sends
  /// heartbeats.
  AgentSessions(boost::asio::io_context& io, CoreRunner& runner, Duration heartbeat, const Clock& clock,
                Log& log)
      : io_(io), runner_(runner), heartbeat_(heartbeat), clock_(clock), log_(log) {}

  /// Answers the upgrade of an agent's command session; the query is that of amazon-ecs-agent,
  /// ecs-agent/acs/session. A refusal's body is {"<ErrorType>":"<text>"}. The answer names those of `offered`
  /// that the session can carry; reports are given to `reports`.
  /// `address`: the IP address that it comes from, or empty.
  http::UpgradeDecision acs(const http::Query& query, const std::string& address, acs::Extensions offered,
                            ReportTaker reports);
  /// Likewise for a telemetry session (amazon-ecs-agent, ecs-agent/tcs/handler).
  http::UpgradeDecision tcs(const http::Query& query);

  void send(SessionId session, const acs::ToAgent& message) override;
  void close(SessionId session, const std::string& reason) override;
  void closeAll(const std::string& reason) override;

  size_t open() const { return links_.size(); }
  /// What a session's agent can be asked for beyond Amazon's protocol; none without such a session.
  acs::Extensions extensions(SessionId session) const {
    const auto found = links_.find(session);
    return found == links_.end() ? acs::Extensions() : found->second.taken;
  }

 private:
  class Commands;
  class LastSent;
  class Telemetry;

  std::shared_ptr<http::WebSocketListener> openAcs(const Hello& hello, acs::Extensions taken,
                                                   ReportTaker reports,
                                                   const std::shared_ptr<http::WebSocket>& socket);
  std::shared_ptr<http::WebSocketListener> openTcs(const std::shared_ptr<http::WebSocket>& socket,
                                                   std::shared_ptr<LastSent> sent);
  /// Beats telemetry sessions that nothing else was sent on for an interval, for as long as the loop runs.
  Async<void> beatAll();
  /// The answer to what is no metrics; empty for a message that has none. InvalidArgument for one that can't
  /// be read.
  Result<std::string> onTelemetry(std::string_view frame);

  boost::asio::io_context& io_;
  CoreRunner& runner_;
  Duration heartbeat_;
  const Clock& clock_;
  Log& log_;
  struct Link {
    std::shared_ptr<http::WebSocket> socket;
    acs::Extensions taken;
  };
  std::unordered_map<SessionId, Link> links_;
  std::multimap<MonoTime, std::weak_ptr<Telemetry>> beats_;  ///< when each may be due for a heartbeat
  bool beating_ = false;
};

}  // namespace berth::controller
