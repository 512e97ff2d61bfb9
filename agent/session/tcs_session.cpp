#include "agent/session/tcs_session.hpp"

#include <algorithm>
#include <array>

#include "common/http/message.hpp"
#include "proto/tcs/codec.hpp"

namespace berth::agent {
namespace {

// amazon-ecs-agent, ecs-agent/tcs/handler
constexpr Backoff::Shape kTcsBackoff{std::chrono::seconds(1), std::chrono::minutes(1), 2.0, 0.2};
constexpr Duration kTcsLifetime = std::chrono::minutes(30);
constexpr Duration kTcsLifetimeJitter = std::chrono::minutes(5);

/// What keeps a session alive: the others may come, too, but say nothing of whether telemetry arrives.
constexpr std::array kSignsOfLife{"HeartbeatMessage", "AckPublishMetric", "AckPublishHealth",
                                  "AckPublishInstanceStatus"};
/// StopTelemetrySessionMessage asks for nothing either: who wants an end closes the session.
constexpr std::array kNothingToDo{
    "StopTelemetrySessionMessage", "StartTelemetrySessionRequest", "ServerException",
    "BadRequestException",         "ResourceValidationException",  "InvalidParameterException"};

}  // namespace

TcsSession::TcsSession(LinkDeps deps, LinkOptions link, TcsOptions options, const Engine& engine,
                       UsageSource& usage)
    : deps_(deps),
      link_(std::move(link)),
      options_(std::move(options)),
      engine_(engine),
      usage_(usage),
      telemetry_(options_.cpus, 2 * options_.publish),
      instance_(std::make_shared<InstanceHealth>(deps_.clock.now().wall)) {}

Async<Ended> TcsSession::run(std::stop_token stop) {
  Backoff backoff(kTcsBackoff, deps_.random);
  while (true) {
    auto serve_once = [this, stop] { return serve(stop); };
    Ended ended = co_await keepConnected(deps_, "telemetry session", backoff, serve_once, stop);
    if (ended == Ended::Stopped) co_return ended;
    // What becomes of the instance is for the command session to find out; this one just tries again.
    if (!co_await sleepFor(std::chrono::minutes(1), stop)) co_return Ended::Stopped;
  }
}

Async<void> TcsSession::sample(std::stop_token stop) {
  while (co_await sleepFor(options_.sample, stop)) {
    const Now now = deps_.clock.now();
    // A service is rolled as fast as its tasks are known to be healthy.
    if (health_.observe(engine_.tasks(), now.wall)) {
      if (auto open = open_.lock()) publishHealth(*open, openUrl_);
    }
    if (options_.metrics) telemetry_.sample(engine_.tasks(), usage_, now.mono, options_.listener);
  }
}

void TcsSession::checkInstance() {
  if (!options_.checkRuntime) return;
  const auto number = instance_->begin();
  if (!number) return;
  // Neither the answer nor the time limit may find the session gone.
  std::weak_ptr<InstanceHealth> weak = instance_;
  const Clock& clock = deps_.clock;
  auto end = [weak, &clock, number = *number](const Status& outcome) {
    if (auto instance = weak.lock()) instance->end(number, outcome, clock.now().wall);
  };
  spawn(deps_.io.get_executor(), deps_.log, "instance check",
        [end, limit = options_.runtimeAnswer]() -> Async<void> {
          co_await sleepFor(limit);
          end(makeError(Code::DeadlineExceeded,
                        "the container runtime did not answer within " + formatDuration(limit)));
        });
  options_.checkRuntime(end);
}

std::string TcsSession::urlOf(const std::string& endpoint) const {
  http::Query query{{"agentHash", kAgentHash},
                    {"agentVersion", kAgentVersion},
                    {"cluster", link_.identity.cluster},
                    {"containerInstance", link_.identity.instanceArn},
                    {"dockerVersion", link_.dockerVersion}};
  return endpoint + "/ws?" + http::encodeQuery(query);
}

Async<Ended> TcsSession::serve(std::stop_token stop) {
  auto endpoints = co_await deps_.controlPlane.endpoints(link_.identity, stop);
  if (!endpoints) co_return Ended::Broken;
  std::string url = urlOf(endpoints->telemetry);
  http::WsAnswer answer;
  auto socket = co_await dial(deps_, link_, url, answer);
  if (!socket && saysInactive(answer)) co_return Ended::Inactive;
  if (!socket) {
    deps_.log.warn("can't open the telemetry session", {{"reason", socket.error().message}});
    co_return Ended::Broken;
  }
  std::stop_callback on_stop(stop, [open = *socket] { open->close(1001, "the agent is stopping"); });
  std::stop_source ended;
  std::weak_ptr<http::WebSocket> weak = *socket;
  std::stop_token ended_token = ended.get_token();
  limitLifetime(deps_, *socket, kTcsLifetime, kTcsLifetimeJitter, ended_token);
  spawn(deps_.io.get_executor(), deps_.log, "telemetry",
        [this, weak, url, ended_token] { return publishAll(weak, url, ended_token); });
  Ended result = co_await readAll(*socket, stop);
  ended.request_stop();
  co_return result;
}

/// Reading keeps the session's deadline away, and acks and heartbeats its watch.
Async<Ended> TcsSession::readAll(std::shared_ptr<http::WebSocket> socket, std::stop_token stop) {
  SilenceWatch watch(deps_, socket, link_.silence);
  while (true) {
    auto frame = co_await socket->read();
    if (!frame) break;
    auto type = tcs::decodeType(*frame);
    if (!type) {
      deps_.log.warn("dropped a message that can't be read", {{"reason", type.error().message}});
    } else if (std::ranges::find(kSignsOfLife, *type) != kSignsOfLife.end()) {
      watch.arm();
    } else if (std::ranges::find(kNothingToDo, *type) != kNothingToDo.end()) {
      deps_.log.info("the telemetry session has a message that asks for nothing", {{"type", *type}});
    } else {
      deps_.log.warn("dropped a message of an unknown type", {{"type", *type}});
    }
  }
  if (stop.stop_requested()) co_return Ended::Stopped;
  co_return socket->closeInfo().clean ? Ended::Cleanly : Ended::Broken;
}

Async<void> TcsSession::publishAll(std::weak_ptr<http::WebSocket> socket, std::string url,
                                   std::stop_token ended) {
  open_ = socket;
  openUrl_ = url;
  if (auto open = socket.lock()) publish(*open, url);
  while (co_await sleepFor(options_.publish, ended)) {
    auto open = socket.lock();
    if (!open) co_return;
    publish(*open, url);
    publishInstance(*open, url);
  }
}

void TcsSession::publish(http::WebSocket& socket, const std::string& url) {
  const Now now = deps_.clock.now();
  if (options_.metrics) {
    const std::string id = randomUuid(deps_.random);
    for (tcs::PublishMetrics& metrics : telemetry_.takeMetrics(engine_.tasks(), link_.identity, id, now)) {
      for (const std::string& part : encodeInParts(std::move(metrics))) send(socket, url, part);
    }
  }
  publishHealth(socket, url);
}

void TcsSession::publishHealth(http::WebSocket& socket, const std::string& url) {
  const Now now = deps_.clock.now();
  const std::string id = randomUuid(deps_.random);
  for (tcs::PublishHealth& health : health_.messages(engine_.tasks(), link_.identity, id, now.wall)) {
    send(socket, url, tcs::encode(std::move(health)));
  }
}

void TcsSession::publishInstance(http::WebSocket& socket, const std::string& url) {
  auto status = instance_->take(link_.identity, randomUuid(deps_.random), deps_.clock.now().wall);
  if (status) send(socket, url, tcs::encode(std::move(*status)));
}

void TcsSession::send(http::WebSocket& socket, const std::string& url, const std::string& envelope) {
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
