#include "common/http/relay.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "common/http/websocket.hpp"

namespace berth::http {
namespace {

constexpr size_t kHomeTurn = 32;
/// All at once: a read, or a wait for room, gets there by another way and must come behind what was sent.
constexpr size_t kServerTurn = SIZE_MAX;

/// Runs the coroutine that `body` makes on `io`, and goes on where it was.
template <class T, class Body>
Async<T> doneOn(boost::asio::io_context& io, Body body) {
  co_return co_await boost::asio::co_spawn(io, std::move(body), boost::asio::use_awaitable);
}

/// At home: a websocket that the server's thread has.
class FarSocket final : public WebSocket, public std::enable_shared_from_this<FarSocket> {
 public:
  FarSocket(std::shared_ptr<Sides> sides, std::shared_ptr<WebSocket> socket)
      : sides_(std::move(sides)), socket_(std::move(socket)) {}
  ~FarSocket() override {
    Lane& server = *sides_->server;
    server.sendNow([socket = std::move(socket_)] {});
  }

  Async<Result<std::string>> read() override {
    const auto self = shared_from_this();
    sides_->server->flush();
    struct Read {
      std::optional<Result<std::string>> message;
      CloseInfo info;
    };
    Read got = co_await doneOn<Read>(sides_->serverIo, [socket = socket_]() -> Async<Read> {
      auto message = co_await socket->read();
      co_return Read{std::move(message), socket->closeInfo()};
    });
    if (!*got.message) info_ = std::move(got.info);
    co_return std::move(*got.message);
  }

  void listen(std::shared_ptr<WebSocketListener> listener) override;
  void send(std::string text) override {
    sides_->server->send(
        [socket = socket_, text = std::move(text)]() mutable { socket->send(std::move(text)); });
  }
  void sendBinary(std::string bytes) override {
    sides_->server->send(
        [socket = socket_, bytes = std::move(bytes)]() mutable { socket->sendBinary(std::move(bytes)); });
  }
  Async<bool> drained(size_t bytes) override {
    const auto self = shared_from_this();
    sides_->server->flush();
    co_return co_await doneOn<bool>(sides_->serverIo, [socket = socket_, bytes]() -> Async<bool> {
      co_return co_await socket->drained(bytes);
    });
  }
  void close(uint16_t code, std::string reason) override {
    if (info_.code == 0) {
      info_.code = code;
      info_.reason = reason;
    }
    sides_->server->send([socket = socket_, code, reason = std::move(reason)]() mutable {
      socket->close(code, std::move(reason));
    });
  }
  CloseInfo closeInfo() const override { return info_; }

  void closed(CloseInfo info) { info_ = std::move(info); }

 private:
  std::shared_ptr<Sides> sides_;
  std::shared_ptr<WebSocket> socket_;  ///< the server's thread's
  CloseInfo info_;                     ///< as far as it is known here
};

/// At home: who is told of a websocket's messages.
struct Heard {
  std::shared_ptr<FarSocket> socket;
  std::shared_ptr<WebSocketListener> listener;  ///< null: nobody

  template <class Call>
  void guarded(Log& log, Call call) {
    try {
      call();
    } catch (const std::exception& bug) {
      fail(log, bug.what());
    } catch (...) {
      fail(log, "an exception of an unknown type");
    }
  }

 private:
  void fail(Log& log, const char* what) {
    log.error("a websocket session ended by an exception", {{"what", what}});
    socket->close(1011, "");
  }
};

/// On the server's thread: tells it at home.
class NearListener final : public WebSocketListener {
 public:
  NearListener(std::shared_ptr<Sides> sides, std::shared_ptr<Heard> heard,
               const std::shared_ptr<WebSocket>& socket)
      : sides_(std::move(sides)), heard_(std::move(heard)), socket_(socket) {}
  ~NearListener() override {
    Lane& home = *sides_->home;
    if (heard_) home.sendNow([heard = std::move(heard_)] {});
  }

  void onMessage(std::string message) override {
    // Also empty ones take room.
    const size_t bytes = message.size() + 1;
    sides_->home->send(
        [&log = sides_->log, heard = heard_, message = std::move(message)]() mutable {
          if (heard->listener) heard->guarded(log, [&] { heard->listener->onMessage(std::move(message)); });
        },
        bytes);
  }

  void onClosed() override {
    const auto socket = socket_.lock();
    CloseInfo info = socket ? socket->closeInfo() : CloseInfo{};
    sides_->home->send([&log = sides_->log, heard = std::move(heard_), info = std::move(info)] {
      heard->socket->closed(info);
      if (heard->listener) heard->guarded(log, [&] { heard->listener->onClosed(); });
    });
  }

 private:
  std::shared_ptr<Sides> sides_;
  std::shared_ptr<Heard> heard_;  ///< until it is closed
  std::weak_ptr<WebSocket> socket_;
};

void FarSocket::listen(std::shared_ptr<WebSocketListener> listener) {
  auto heard = std::make_shared<Heard>(Heard{shared_from_this(), std::move(listener)});
  sides_->server->send([sides = sides_, socket = socket_, heard = std::move(heard)]() mutable {
    socket->listen(std::make_shared<NearListener>(sides, std::move(heard), socket));
  });
}

/// At home: a body that the server's thread sends.
class FarBody final : public BodySource {
 public:
  FarBody(std::shared_ptr<Sides> sides, std::shared_ptr<BodySource> body)
      : sides_(std::move(sides)), body_(std::move(body)) {}
  ~FarBody() override {
    Lane& home = *sides_->home;
    home.sendNow([body = std::move(body_)] {});
  }

  Async<std::string> next() override {
    return doneOn<std::string>(sides_->homeIo,
                               [body = body_]() -> Async<std::string> { co_return co_await body->next(); });
  }
  void stop() override {
    sides_->home->send([body = body_] { body->stop(); });
  }

 private:
  std::shared_ptr<Sides> sides_;
  std::shared_ptr<BodySource> body_;
};

/// Called on the server's thread, as the two below.
std::shared_ptr<WebSocketListener> openAtHome(const std::shared_ptr<Sides>& sides,
                                              const WebSocketOpened& opened,
                                              const std::shared_ptr<WebSocket>& socket) {
  auto heard = std::make_shared<Heard>(Heard{std::make_shared<FarSocket>(sides, socket), nullptr});
  sides->home->send([&log = sides->log, heard, opened] {
    heard->guarded(log, [&] { heard->listener = opened(heard->socket); });
  });
  return std::make_shared<NearListener>(sides, std::move(heard), socket);
}

Async<void> runAtHome(std::shared_ptr<Sides> sides, WebSocketSession session,
                      std::shared_ptr<WebSocket> socket) {
  auto far = std::make_shared<FarSocket>(sides, std::move(socket));
  const auto body = [session = std::move(session), far = std::move(far)]() -> Async<void> {
    co_await session(far);
  };
  co_await boost::asio::co_spawn(sides->homeIo, body, boost::asio::use_awaitable);
}

Upgrade relayed(std::shared_ptr<Sides> sides, Upgrade upgrade) {
  if (auto* opened = std::get_if<WebSocketOpened>(&upgrade.session)) {
    return {WebSocketOpened([sides = std::move(sides),
                             opened = std::move(*opened)](const std::shared_ptr<WebSocket>& socket) {
              return openAtHome(sides, opened, socket);
            }),
            std::move(upgrade.headers), std::move(upgrade.answerer)};
  }
  return {
      WebSocketSession(
          [sides = std::move(sides), session = std::move(std::get<WebSocketSession>(upgrade.session))](
              std::shared_ptr<WebSocket> socket) { return runAtHome(sides, session, std::move(socket)); }),
      std::move(upgrade.headers)};
}

}  // namespace

Sides::Sides(boost::asio::io_context& homeLoop, Log& where)
    : homeIo(homeLoop),
      home(std::make_shared<Lane>(serverIo, homeLoop, kHomeTurn)),
      server(std::make_shared<Lane>(homeLoop, serverIo, kServerTurn)),
      log(where) {}

Async<Response> Relay::handle(ServerRequest request) {
  return doneOn<Response>(sides_->homeIo, [&handler = handler_, request = std::move(request)]() mutable {
    return handler.handle(std::move(request));
  });
}

Async<Answer> Relay::answer(ServerRequest request) {
  Answer answer =
      co_await doneOn<Answer>(sides_->homeIo, [&handler = handler_, request = std::move(request)]() mutable {
        return handler.answer(std::move(request));
      });
  if (auto* streamed = std::get_if<StreamedResponse>(&answer))
    streamed->body = std::make_shared<FarBody>(sides_, std::move(streamed->body));
  co_return answer;
}

Async<UpgradeDecision> Relay::upgrade(ServerRequest request) {
  UpgradeDecision decision = co_await doneOn<UpgradeDecision>(
      sides_->homeIo, [&handler = handler_, request = std::move(request)]() mutable {
        return handler.upgrade(std::move(request));
      });
  if (auto* agreed = std::get_if<Upgrade>(&decision))
    co_return UpgradeDecision(relayed(sides_, std::move(*agreed)));
  co_return decision;
}

}  // namespace berth::http
