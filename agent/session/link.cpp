#include "agent/session/link.hpp"

namespace berth::agent {
namespace {

constexpr Duration kStable = std::chrono::minutes(1);
constexpr Duration kTooShort = std::chrono::seconds(1);

bool saysInactive(const http::WsRefusal& refusal) {
  return refusal.body.find("InactiveInstanceException") != std::string::npos ||
         refusal.body.find("InvalidInstanceException") != std::string::npos;
}

}  // namespace

Async<Result<std::shared_ptr<http::WebSocket>>> dial(LinkDeps& deps, const LinkOptions& options,
                                                     std::string url, bool& inactive) {
  http::WsClientOptions ws;
  ws.url = url;
  ws.caFile = options.caFile;
  ws.verifyTls = options.verifyTls;
  ws.socket.readDeadline = std::chrono::minutes(3);
  auto signature = deps.controlPlane.sign("GET", url, "");
  if (!signature) co_return signature.error();
  ws.headers = std::move(*signature);
  http::WsRefusal refusal;
  auto socket = co_await http::connectWebSocket(deps.io, std::move(ws), &refusal);
  inactive = !socket && saysInactive(refusal);
  if (!socket && refusal.status != 0) co_return socket.error().in("refused: " + refusal.body.substr(0, 200));
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
