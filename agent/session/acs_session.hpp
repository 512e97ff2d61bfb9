// The command session: a websocket on which the controller sends tasks and the agent acknowledges them.
#pragma once

#include "agent/session/link.hpp"
#include "agent/session/report_channel.hpp"
#include "proto/acs/extensions.hpp"
#include "proto/acs/messages.hpp"

namespace berth::agent {

class AcsSession {
 public:
  /// `onMessage` hears of every message that is known, on the loop.
  AcsSession(LinkDeps deps, LinkOptions options, std::function<void(const acs::ToAgent&)> onMessage);
  ~AcsSession() { closed(); }
  AcsSession(const AcsSession&) = delete;
  AcsSession& operator=(const AcsSession&) = delete;

  /// Stays connected until `stop` (Stopped) or until the controller does not know the instance (Inactive).
  Async<Ended> run(std::stop_token stop);
  /// Sends if there is a session, else drops: whatever is not acknowledged is sent again by the controller.
  void send(const acs::FromAgent& message);
  bool connected() const { return socket_ != nullptr; }
  /// What the controller of the open session takes; none without a session.
  acs::Extensions extensions() const { return extensions_; }
  /// Open while there is a session whose controller takes reports.
  std::shared_ptr<ReportChannel> reports() const { return reports_; }
  /// The URL of the controller that the session is, or was last, open to.
  const std::string& endpoint() const { return endpoint_; }

 private:
  Async<Ended> serve(std::stop_token stop);
  /// The session has begun, with what it carries; or has ended.
  void opened(std::shared_ptr<http::WebSocket> socket, acs::Extensions extensions);
  void closed();
  Async<Ended> readAll(std::shared_ptr<http::WebSocket> socket, std::stop_token stop);
  std::string url(const std::string& endpoint) const;

  LinkDeps deps_;
  LinkOptions options_;
  std::function<void(const acs::ToAgent&)> onMessage_;
  std::shared_ptr<http::WebSocket> socket_;
  acs::Extensions extensions_;
  std::shared_ptr<ReportChannel> reports_;
  std::string endpoint_;
  /// Asks for all tasks with their credentials; until a session of this process has lasted.
  bool sendCredentials_ = true;
};

}  // namespace berth::agent
