// The agents' websockets: ACS sessions carry commands, TCS sessions telemetry.
#pragma once

#include <map>
#include <memory>
#include <stop_token>

#include "common/http/server.hpp"
#include "controller/server/core_runner.hpp"
#include "proto/tcs/messages.hpp"

namespace berth::controller {

class AgentSessions final : public AgentLinks {
 public:
  /// `heartbeat`: between two on a telemetry session; on command sessions the core sends them.
  AgentSessions(boost::asio::io_context& io, CoreRunner& runner, Duration heartbeat, Log& log)
      : io_(io), runner_(runner), heartbeat_(heartbeat), log_(log) {}

  /// Answers the upgrade of an agent's command session; the query is that of amazon-ecs-agent,
  /// ecs-agent/acs/session. A refusal's body is {"<ErrorType>":"<text>"}.
  http::UpgradeDecision acs(const http::Query& query);
  /// Likewise for a telemetry session (amazon-ecs-agent, ecs-agent/tcs/handler).
  http::UpgradeDecision tcs(const http::Query& query);

  void send(SessionId session, const acs::ToAgent& message) override;
  void close(SessionId session, const std::string& reason) override;
  void closeAll(const std::string& reason) override;

  size_t open() const { return sockets_.size(); }

 private:
  Async<void> serveAcs(SessionId session, std::shared_ptr<http::WebSocket> socket);
  Async<void> serveTcs(std::shared_ptr<http::WebSocket> socket);
  Async<void> beat(std::weak_ptr<http::WebSocket> socket, std::stop_token stop);
  void onTelemetry(http::WebSocket& socket, const tcs::FromAgent& message);

  boost::asio::io_context& io_;
  CoreRunner& runner_;
  Duration heartbeat_;
  Log& log_;
  std::map<SessionId, std::shared_ptr<http::WebSocket>> sockets_;
};

}  // namespace berth::controller
