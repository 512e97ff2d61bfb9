#include "agent/session/link.hpp"

namespace berth::agent {
namespace {

constexpr Duration kStable = std::chrono::minutes(1);
constexpr Duration kTooShort = std::chrono::seconds(1);

Duration upTo(Duration most, Random& random) {
  return Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.count()))));
}

/// Closes the socket after `delay`; the reader then sees its end.
Async<void> closeLater(std::weak_ptr<http::WebSocket> socket, Duration delay, uint16_t code, std::string text,
                       std::stop_token stop) {
  if (!co_await sleepFor(delay, stop)) co_return;
  if (auto open = socket.lock()) open->close(code, text);
}

}  // namespace

void limitLifetime(LinkDeps& deps, const std::shared_ptr<http::WebSocket>& socket, Duration base,
                   Duration jitter, std::stop_token ended) {
  const Duration lifetime = base + upTo(jitter, deps.random);
  std::weak_ptr<http::WebSocket> weak = socket;
  spawn(deps.io.get_executor(), deps.log, "session lifetime", [weak, lifetime, ended] {
    return closeLater(weak, lifetime, 1000, "ConnectionExpired: Reconnect to continue", ended);
  });
}

SilenceWatch::SilenceWatch(LinkDeps& deps, const std::shared_ptr<http::WebSocket>& socket, Duration silence)
    : deps_(deps), socket_(socket), silence_(silence) {
  arm();
}

void SilenceWatch::arm() {
  current_.request_stop();
  current_ = std::stop_source();
  const Duration silence = silence_ + upTo(silence_, deps_.random);
  spawn(deps_.io.get_executor(), deps_.log, "session watchdog",
        [socket = socket_, silence, token = current_.get_token()] {
          return closeLater(socket, silence, 4000, "no message for too long", token);
        });
}

bool saysInactive(const http::WsAnswer& answer) {
  return answer.body.find("InactiveInstanceException") != std::string::npos ||
         answer.body.find("InvalidInstanceException") != std::string::npos;
}

Async<Result<std::shared_ptr<http::WebSocket>>> dial(LinkDeps& deps, const LinkOptions& options,
                                                     std::string url, http::WsAnswer& answer,
                                                     http::Headers more) {
  http::WsClientOptions ws;
  ws.url = url;
  ws.caFile = options.caFile;
  ws.verifyTls = options.verifyTls;
  ws.socket.readDeadline = std::chrono::minutes(3);
  auto signature = deps.controlPlane.sign("GET", url, "");
  if (!signature) co_return signature.error();
  ws.headers = std::move(*signature);
  for (const auto& [name, value] : more) ws.headers.add(name, value);
  auto socket = co_await http::connectWebSocket(deps.io, std::move(ws), &answer);
  if (!socket && answer.status != 0) co_return socket.error().in("refused: " + answer.body.substr(0, 200));
  co_return socket;
}

Async<Ended> keepConnected(LinkDeps& deps, const char* name, Backoff backoff,
                           std::function<Async<Ended>()> serve, std::stop_token stop) {
  while (!stop.stop_requested()) {
    MonoTime began = deps.clock.now().mono;
    Ended ended = co_await serve();
    if (ended == Ended::Inactive || ended == Ended::Stopped) co_return ended;
    Duration lasted = deps.clock.now().mono - began;
    if (lasted >= kStable) backoff.reset();
    if (ended == Ended::Cleanly && lasted >= kTooShort) {
      backoff.reset();
      continue;
    }
    Duration delay = backoff.next();
    deps.log.info(
        "trying again later",
        {{"what", name}, {"in", formatDuration(std::chrono::floor<std::chrono::milliseconds>(delay))}});
    co_await sleepFor(delay, stop);
  }
  co_return Ended::Stopped;
}

}  // namespace berth::agent
