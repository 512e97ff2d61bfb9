// The agents' websockets: ACS sessions carry commands, TCS sessions telemetry.
#pragma once

#include <map>

#include "common/http/server.hpp"
#include "controller/server/core_runner.hpp"

namespace berth::controller {

class AgentSessions final : public AgentLinks {
 public:
  AgentSessions(CoreRunner& runner, Log& log) : runner_(runner), log_(log) {}

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

  CoreRunner& runner_;
  Log& log_;
  std::map<SessionId, std::shared_ptr<http::WebSocket>> sockets_;
};

}  // namespace berth::controller
