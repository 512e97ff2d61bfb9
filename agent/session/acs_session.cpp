#include "agent/session/acs_session.hpp"

#include "proto/acs/codec.hpp"

namespace berth::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

// amazon-ecs-agent, ecs-agent/acs/session
constexpr Backoff::Shape kAcsBackoff{milliseconds(250), minutes(2), 1.5, 0.2};
/// A session that ends sooner may have ended before all that it asked for had come.
constexpr Duration kSendsTake = std::chrono::seconds(30);
constexpr Duration kLifetime = minutes(30);
constexpr Duration kLifetimeJitter = minutes(5);

bool isKnown(const acs::ToAgent& message) {
  const auto* other = std::get_if<acs::OtherMessage>(&message);
  return !other || other->known;
}

}  // namespace

AcsSession::AcsSession(LinkDeps deps, LinkOptions options, std::function<void(const acs::ToAgent&)> onMessage)
    : deps_(deps),
      options_(std::move(options)),
      onMessage_(std::move(onMessage)),
      reports_(std::make_shared<ReportChannel>(deps.log)) {}

std::string AcsSession::url(const std::string& endpoint) const {
  http::Query query{{"agentHash", kAgentHash},
                    {"agentVersion", kAgentVersion},
                    {"clusterArn", options_.identity.cluster},
                    {"containerInstanceArn", options_.identity.instanceArn},
                    {"dockerVersion", "DockerVersion: " + options_.dockerVersion},
                    {"protocolVersion", "2"},
                    {"sendCredentials", sendCredentials_ ? "true" : "false"},
                    {"seqNum", "1"}};
  return endpoint + (endpoint.ends_with('/') ? "" : "/") + "ws?" + http::encodeQuery(query);
}

Async<Ended> AcsSession::run(std::stop_token stop) {
  Backoff backoff(kAcsBackoff, deps_.random);
  auto serve_once = [this, stop] { return serve(stop); };
  co_return co_await keepConnected(deps_, "command session", backoff, serve_once, stop);
}

void AcsSession::send(const acs::FromAgent& message) {
  if (socket_) socket_->send(acs::encode(message));
}

Async<Ended> AcsSession::serve(std::stop_token stop) {
  auto endpoints = co_await deps_.controlPlane.endpoints(options_.identity, stop);
  if (!endpoints) {
    deps_.log.warn("can't discover the controller's endpoints", {{"reason", endpoints.error().message}});
    co_return Ended::Broken;
  }
  http::WsAnswer answer;
  http::Headers offer;
  if (!options_.offered.empty()) offer.add(acs::kExtensionsHeader, options_.offered.render());
  auto socket = co_await dial(deps_, options_, url(endpoints->commands), answer, std::move(offer));
  if (!socket && saysInactive(answer)) co_return Ended::Inactive;
  if (!socket) {
    deps_.log.warn("can't open the command session", {{"reason", socket.error().message}});
    co_return Ended::Broken;
  }
  opened(*socket,
         options_.offered & acs::Extensions::parse(answer.headers.get(acs::kExtensionsHeader).value_or("")));
  endpoint_ = endpoints->commands;
  const MonoTime opened = deps_.clock.now().mono;
  deps_.log.info("command session open",
                 {{"endpoint", endpoints->commands}, {"extensions", extensions_.render()}});
  std::stop_source ended;
  std::stop_callback on_stop(stop, [socket = *socket] { socket->close(1001, "the agent is stopping"); });
  limitLifetime(deps_, *socket, kLifetime, kLifetimeJitter, ended.get_token());
  Ended result = co_await readAll(*socket, stop);
  ended.request_stop();
  closed();
  if (deps_.clock.now().mono - opened >= kSendsTake) sendCredentials_ = false;
  co_return result;
}

void AcsSession::opened(std::shared_ptr<http::WebSocket> socket, acs::Extensions extensions) {
  socket_ = std::move(socket);
  extensions_ = extensions;
  if (!extensions_.has(acs::Extension::Reports)) return;
  reports_->open([this](const acs::FromAgent& message) { send(message); });
}

void AcsSession::closed() {
  reports_->close();
  socket_.reset();
  extensions_ = {};
}

Async<Ended> AcsSession::readAll(std::shared_ptr<http::WebSocket> socket, std::stop_token stop) {
  SilenceWatch watch(deps_, socket, options_.silence);
  while (true) {
    auto frame = co_await socket->read();
    if (!frame) break;
    auto message = acs::decodeToAgent(*frame);
    if (!message) {
      deps_.log.warn("dropped a message that can't be read", {{"reason", message.error().message}});
      continue;
    }
    if (!isKnown(*message)) {
      deps_.log.warn("dropped a message of an unknown type",
                     {{"type", std::get<acs::OtherMessage>(*message).type}});
      continue;
    }
    watch.arm();
    if (const auto* ack = std::get_if<acs::ReportsAck>(&*message)) {
      reports_->onAck(*ack);
    } else {
      onMessage_(*message);
    }
  }
  http::CloseInfo info = socket->closeInfo();
  deps_.log.info("command session closed",
                 {{"code", info.code}, {"reason", info.reason}, {"clean", info.clean}});
  if (stop.stop_requested()) co_return Ended::Stopped;
  if (info.reason.find("InactiveInstanceException") != std::string::npos) co_return Ended::Inactive;
  // 1006 is what an end without a close frame reads as; agents of this protocol take it for a clean one.
  bool clean = info.code == 1000 || info.code == 1001 || info.code == 1006 || info.code == 1011;
  co_return clean ? Ended::Cleanly : Ended::Broken;
}

}  // namespace berth::agent
