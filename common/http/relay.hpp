// Private to common/http: what a handler on one thread gives to a server on another, and is given.
//
// Two loops take part, each with a thread: home, where handlers, sessions, listeners, bodies and all who use
// a websocket are, and the server's. Each object is used and destroyed on one of them only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "common/http/lane.hpp"
#include "common/http/server.hpp"

namespace berth::http {

/// The two loops and the ways to them. Kept by all that lives on the server's; `homeLoop` must outlive it.
struct Sides {
  Sides(boost::asio::io_context& homeLoop, Log& where);

  boost::asio::io_context& homeIo;
  boost::asio::io_context serverIo{1};
  std::shared_ptr<Lane> home;
  std::shared_ptr<Lane> server;
  Log& log;
};

/// The handler that a server on its own thread calls: it has `handler` answer at home.
class Relay final : public Handler {
 public:
  Relay(std::shared_ptr<Sides> sides, Handler& handler) : sides_(std::move(sides)), handler_(handler) {}

  Async<Response> handle(ServerRequest request) override;
  Async<Answer> answer(ServerRequest request) override;
  Async<UpgradeDecision> upgrade(ServerRequest request) override;

 private:
  std::shared_ptr<Sides> sides_;
  Handler& handler_;
};

}  // namespace berth::http
