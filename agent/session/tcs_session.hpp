// The telemetry session: a websocket on which the agent publishes metrics, the health of containers and the
// health of the host.
#pragma once

#include <functional>

#include "agent/engine/engine.hpp"
#include "agent/ports/usage.hpp"
#include "agent/session/health_report.hpp"
#include "agent/session/instance_health.hpp"
#include "agent/session/link.hpp"
#include "agent/session/telemetry.hpp"

namespace berth::agent {

/// Asks the container runtime whether it works, and tells the answer once, on the loop.
using RuntimeCheck = std::function<void(std::function<void(Status)> done)>;

struct TcsOptions {
  Duration sample = std::chrono::seconds(1);  ///< between two readings of all containers
  Duration publish =
      std::chrono::seconds(20);  ///< between two publications; changes of health are told at once
  int64_t cpus = 1;              ///< of the host
  bool metrics = true;           ///< false: use is neither read nor published; health is all the same
  UsageListener listener;        ///< hears of all readings, connected or not
  RuntimeCheck checkRuntime{};   ///< empty: the host's health stays INITIALIZING
  /// A runtime that takes longer is IMPAIRED (amazon-ecs-agent, agent/doctor/docker_runtime_healthcheck.go).
  Duration runtimeAnswer = std::chrono::seconds(2);
};

class TcsSession {
 public:
  /// `engine` and `usage` must outlive the session.
  TcsSession(LinkDeps deps, LinkOptions link, TcsOptions options, const Engine& engine, UsageSource& usage);

  /// Reads use until `stop`, whether or not there is a controller.
  Async<void> sample(std::stop_token stop);
  /// Stays connected until `stop` and publishes what the readings amount to, if it is recent.
  Async<Ended> run(std::stop_token stop);

  /// Checks the host's health, to be reported in the next round. For each heartbeat of the command session
  /// (amazon-ecs-agent, ecs-agent/acs/session/heartbeat_responder.go). A check
  /// that comes while another is under way is left out.
  void checkInstance();

 private:
  Async<Ended> serve(std::stop_token stop);
  Async<Ended> readAll(std::shared_ptr<http::WebSocket> socket, std::stop_token stop);
  Async<void> publishAll(std::weak_ptr<http::WebSocket> socket, std::string url, std::stop_token ended);
  std::string urlOf(const std::string& endpoint) const;
  void publish(http::WebSocket& socket, const std::string& url);
  void publishHealth(http::WebSocket& socket, const std::string& url);
  void publishInstance(http::WebSocket& socket, const std::string& url);
  void send(http::WebSocket& socket, const std::string& url, const std::string& envelope);

  LinkDeps deps_;
  LinkOptions link_;
  TcsOptions options_;
  const Engine& engine_;
  UsageSource& usage_;
  Telemetry telemetry_;
  HealthReport health_;
  std::weak_ptr<http::WebSocket> open_;  ///< the session's
  std::string openUrl_;
  std::shared_ptr<InstanceHealth> instance_;  ///< shared with checks that outlive the session
};

}  // namespace berth::agent
