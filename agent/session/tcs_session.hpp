// The telemetry session: a websocket on which the agent publishes metrics and the health of containers.
#pragma once

#include "agent/engine/engine.hpp"
#include "agent/ports/usage.hpp"
#include "agent/session/link.hpp"
#include "agent/session/telemetry.hpp"

namespace berth::agent {

struct TcsOptions {
  Duration sample = std::chrono::seconds(1);    ///< between two readings of a container
  Duration publish = std::chrono::seconds(20);  ///< between two publications
  int64_t cpus = 1;                             ///< of the host
};

class TcsSession {
 public:
  /// `engine` and `usage` must outlive the session.
  TcsSession(LinkDeps deps, LinkOptions link, TcsOptions options, const Engine& engine, UsageSource& usage);

  /// Stays connected, samples and publishes until `stop`.
  Async<Ended> run(std::stop_token stop);

 private:
  Async<Ended> serve(std::stop_token stop);
  Async<void> publishAll(std::weak_ptr<http::WebSocket> socket, std::string url, std::stop_token ended);
  Async<void> sampleAll(std::stop_token stop);
  void publish(http::WebSocket& socket, const std::string& url);
  void send(http::WebSocket& socket, const std::string& url, const tcs::FromAgent& message);

  LinkDeps deps_;
  LinkOptions link_;
  TcsOptions options_;
  const Engine& engine_;
  UsageSource& usage_;
  Telemetry telemetry_;
};

}  // namespace berth::agent
