// A controller on loopback, as far as the telemetry session needs one: it tells its own address as the
// endpoint, keeps the envelopes that come, and acknowledges them.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/http/server.hpp"
#include "common/log/log.hpp"
#include "proto/tcs/codec.hpp"

namespace berth::agent::test {

class FakeController final : public http::Handler {
 public:
  explicit FakeController(boost::asio::io_context& io) : server_(io, options(), *this, log_) {
    if (!server_.start()) throw std::runtime_error("can't listen on loopback");
  }

  Async<http::Response> handle(http::ServerRequest) override {
    ++calls;
    http::Response response;
    response.status = refuses ? 500 : 200;
    const nlohmann::json body{{"endpoint", url()}, {"telemetryEndpoint", url()}};
    response.body = body.dump();
    co_return response;
  }

  Async<http::UpgradeDecision> upgrade(http::ServerRequest request) override {
    queries.push_back(request.query);
    http::WebSocketSession session = [this](std::shared_ptr<http::WebSocket> open) -> Async<void> {
      co_await serve(std::move(open));
    };
    co_return session;
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  /// How many messages of that type have come.
  size_t count(const std::string& type) const {
    size_t out = 0;
    for (const auto& envelope : envelopes) out += envelope.at("type") == type ? 1 : 0;
    return out;
  }
  /// The newest message of that type.
  nlohmann::json last(const std::string& type) const {
    for (auto it = envelopes.rbegin(); it != envelopes.rend(); ++it) {
      if (it->at("type") == type) return it->at("message");
    }
    return nullptr;
  }
  Async<void> stop() { co_await server_.stop(); }

  bool refuses = false;
  bool acknowledges = true;
  int calls = 0;
  std::vector<std::string> queries;  ///< of the upgrades
  std::vector<std::string> headers;  ///< blocks before the envelopes
  std::vector<nlohmann::json> envelopes;
  std::shared_ptr<http::WebSocket> socket;  ///< the open session

 private:
  static http::ServerOptions options() {
    http::ServerOptions out;
    out.listen = "127.0.0.1:0";
    return out;
  }

  Async<void> serve(std::shared_ptr<http::WebSocket> open) {
    socket = open;
    for (;;) {
      Result<std::string> frame = co_await open->read();
      if (!frame) break;
      const size_t end = frame->find("\r\n\r\n");
      headers.push_back(frame->substr(0, end));
      envelopes.push_back(nlohmann::json::parse(frame->substr(end + 4)));
      if (acknowledges) open->send(tcs::encodeAck("AckPublishMetric", "ok"));
    }
    if (socket == open) socket.reset();
  }

  NullLog log_;
  http::Server server_;
};

}  // namespace berth::agent::test
