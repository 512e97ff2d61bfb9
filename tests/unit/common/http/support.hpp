// What the HTTP tests share: a loop with a time limit, raw sockets, a scripted handler.
#pragma once

#include <utility>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <optional>
#include <string>

#include "common/async/async.hpp"
#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "common/http/websocket.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::http::test {

using namespace std::chrono_literals;
using Tcp = boost::asio::ip::tcp;

/// An io_context that runs one coroutine to its end.
class Loop {
 public:
  boost::asio::io_context io;

  /// Rethrows what escapes; fails the test after 30 s.
  template <class Body>
  void run(Body body) {
    runUntilDone([body = std::move(body)]() mutable -> Async<void> { co_await body(); });
  }
  /// Starts a coroutine beside the one of run(); what escapes fails the test at the end of run().
  void beside(std::function<Async<void>()> body);

 private:
  void runUntilDone(std::function<Async<void>()> body);
  std::exception_ptr escaped_;
};

/// Writes a self-signed certificate for "localhost" and 127.0.0.1 with its key.
TlsFiles makeCertificate(const TempDir& dir, const std::string& name = "server");

/// A socket whose bytes the test writes and reads itself.
class RawSocket {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  explicit RawSocket(Socket socket) : socket_(std::move(socket)) {}
  static Async<RawSocket> connect(uint16_t port);

  Async<void> write(std::string bytes);
  /// Reads until `text` has come; what came before and with it. Whatever there is when the socket ends.
  Async<std::string> readUntil(std::string text);
  /// Reads to the end of the stream.
  Async<std::string> readAll();
  Async<std::string> readExactly(size_t bytes);
  void close() { socket_.close(); }
  /// Closes so that the other side sees a reset.
  void reset();
  bool atEnd() const { return atEnd_; }

 private:
  Socket socket_;
  std::string left_;
  bool atEnd_ = false;
};

enum class Over { Tcp, Unix };

/// A listening socket, on a free port or in a folder of its own, whose connections the test serves by hand.
class RawServer {
 public:
  explicit RawServer(Loop& loop, Over over = Over::Tcp);
  /// Over TCP only.
  uint16_t port() const { return tcp_->local_endpoint().port(); }
  std::string url(const std::string& target = "/") const;
  /// A GET of it.
  Call call(const std::string& target = "/") const;
  Async<RawSocket> accept();

 private:
  std::optional<Tcp::acceptor> tcp_;
  std::optional<TempDir> folder_;
  std::optional<boost::asio::local::stream_protocol::acceptor> unix_;
};

/// Serves what the test says.
class TestHandler : public Handler {
 public:
  std::function<Async<Response>(ServerRequest)> onRequest;
  std::function<Async<UpgradeDecision>(ServerRequest)> onUpgrade;
  int requests = 0;

  Async<Response> handle(ServerRequest request) override;
  Async<UpgradeDecision> upgrade(ServerRequest request) override;
};

/// On a free port of 127.0.0.1.
ServerOptions onFreePort();
std::string urlOf(const Server& server, const std::string& target = "/");
/// A client of a server's websocket, which must open.
Async<std::shared_ptr<WebSocket>> connectTo(Loop& loop, const Server& server);
/// A response of that body.
Response reply(std::string body, int status = 200);
Call get(std::string url);
Call post(std::string url, std::string body);

}  // namespace berth::http::test
