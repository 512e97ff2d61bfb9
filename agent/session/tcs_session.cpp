#include "agent/session/tcs_session.hpp"

#include "common/http/message.hpp"
#include "proto/tcs/codec.hpp"

namespace berth::agent {
namespace {

// amazon-ecs-agent, ecs-agent/tcs/handler
constexpr Backoff::Shape kTcsBackoff{std::chrono::seconds(1), std::chrono::minutes(1), 2.0, 0.2};

}  // namespace

TcsSession::TcsSession(LinkDeps deps, LinkOptions link, TcsOptions options, const Engine& engine,
                       UsageSource& usage)
    : deps_(deps),
      link_(std::move(link)),
      options_(options),
      engine_(engine),
      usage_(usage),
      telemetry_(options.cpus) {}

Async<Ended> TcsSession::run(std::stop_token stop) {
  spawn(deps_.io.get_executor(), deps_.log, "metrics", [this, stop] { return sampleAll(stop); });
  Backoff backoff(kTcsBackoff, deps_.random);
  while (true) {
    auto serve_once = [this, stop] { return serve(stop); };
    Ended ended = co_await keepConnected(deps_, "telemetry session", backoff, serve_once, stop);
    if (ended == Ended::Stopped) co_return ended;
    // What becomes of the instance is for the command session to find out; this one just tries again.
    if (!co_await sleepFor(std::chrono::minutes(1), stop)) co_return Ended::Stopped;
  }
}

Async<void> TcsSession::sampleAll(std::stop_token stop) {
  while (co_await sleepFor(options_.sample, stop)) {
    telemetry_.sample(engine_.tasks(), usage_, deps_.clock.now().mono);
  }
}

Async<Ended> TcsSession::serve(std::stop_token stop) {
  auto endpoints = co_await deps_.controlPlane.endpoints(link_.identity, stop);
  if (!endpoints) co_return Ended::Broken;
  http::Query query{{"agentHash", kAgentHash},
                    {"agentVersion", kAgentVersion},
                    {"cluster", link_.identity.cluster},
                    {"containerInstance", link_.identity.instanceArn},
                    {"dockerVersion", link_.dockerVersion}};
  std::string url = endpoints->telemetry + "/ws?" + http::encodeQuery(query);
  bool inactive = false;
  auto socket = co_await dial(deps_, link_, url, inactive);
  if (inactive) co_return Ended::Inactive;
  if (!socket) {
    deps_.log.warn("can't open the telemetry session", {{"reason", socket.error().message}});
    co_return Ended::Broken;
  }
  std::stop_callback on_stop(stop, [open = *socket] { open->close(1001, "the agent is stopping"); });
  std::stop_source ended;
  std::weak_ptr<http::WebSocket> weak = *socket;
  std::stop_token ended_token = ended.get_token();
  spawn(deps_.io.get_executor(), deps_.log, "telemetry",
        [this, weak, url, ended_token] { return publishAll(weak, url, ended_token); });
  // Acks and heartbeats need no action; reading them keeps the session's deadline away.
  while (true) {
    auto frame = co_await (*socket)->read();
    if (!frame) break;
    if (auto type = tcs::decodeType(*frame); !type) {
      deps_.log.warn("dropped a message that can't be read", {{"reason", type.error().message}});
    }
  }
  ended.request_stop();
  if (stop.stop_requested()) co_return Ended::Stopped;
  co_return (*socket)->closeInfo().clean ? Ended::Cleanly : Ended::Broken;
}

Async<void> TcsSession::publishAll(std::weak_ptr<http::WebSocket> socket, std::string url,
                                   std::stop_token ended) {
  do {
    auto open = socket.lock();
    if (!open) co_return;
    publish(*open, url);
  } while (co_await sleepFor(options_.publish, ended));
}

void TcsSession::publish(http::WebSocket& socket, const std::string& url) {
  std::string id = randomUuid(deps_.random);
  WallTime now = deps_.clock.now().wall;
  for (tcs::PublishMetrics& metrics : telemetry_.takeMetrics(engine_.tasks(), link_.identity, id, now)) {
    send(socket, url, tcs::FromAgent(std::move(metrics)));
  }
  if (auto health = Telemetry::health(engine_.tasks(), link_.identity, id, now)) {
    send(socket, url, tcs::FromAgent(std::move(*health)));
  }
}

void TcsSession::send(http::WebSocket& socket, const std::string& url, const tcs::FromAgent& message) {
  std::string envelope = tcs::encode(message);
  auto signature = deps_.controlPlane.sign("GET", url, envelope);
  if (!signature) {
    deps_.log.warn("can't sign telemetry", {{"reason", signature.error().message}});
    return;
  }
  std::vector<std::pair<std::string, std::string>> headers(signature->begin(), signature->end());
  if (auto parsed = http::parseUrl(url)) headers.emplace_back("Host", parsed->authority());
  socket.send(tcs::frame(std::move(headers), envelope));
}

}  // namespace berth::agent
