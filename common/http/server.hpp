// The HTTP/1.1 and websocket server: Beast on the loop, a coroutine for each connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "common/async/async.hpp"
#include "common/http/message.hpp"
#include "common/http/websocket.hpp"
#include "common/log/log.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace boost::asio {
class io_context;
}

namespace berth::http {

/// One request as it came.
struct ServerRequest {
  std::string method;
  std::string target;  ///< raw: path and query
  std::string path;    ///< still percent-encoded
  std::string query;   ///< still percent-encoded, without "?"
  Headers headers;
  std::string body;
  std::string remoteAddress;  ///< "127.0.0.1:41234", "[::1]:41234" or "unix"
};

/// Runs for the life of one accepted websocket; when it returns, the websocket is closed (1000).
using WebSocketSession = std::function<Async<void>(std::shared_ptr<WebSocket>)>;
/// The same for websockets that there are thousands of: called once, answers who is told of its messages;
/// null: nobody.
using WebSocketOpened = std::function<std::shared_ptr<WebSocketListener>(std::shared_ptr<WebSocket>)>;
/// Answers a message of such a websocket without its listener, which is not told of it then; an empty answer:
/// the listener is told. Called on the thread that has the sockets, where it spares the way to the listener's
/// (see ServerThread): it must not use what only another thread may.
using WebSocketAnswerer = std::function<std::string(std::string_view message)>;
/// An upgrade that is agreed to. `headers` are added to the answer; `answerer` may be null, and is for
/// sessions with a listener alone.
struct Upgrade {
  Upgrade(WebSocketSession run, Headers more = {}) : session(std::move(run)), headers(std::move(more)) {}
  Upgrade(WebSocketOpened opened, Headers more = {}, WebSocketAnswerer first = nullptr)
      : session(std::move(opened)), headers(std::move(more)), answerer(std::move(first)) {}

  std::variant<WebSocketSession, WebSocketOpened> session;
  Headers headers;
  WebSocketAnswerer answerer;
};
/// A Response refuses the upgrade.
using UpgradeDecision = std::variant<Response, Upgrade>;

/// A body that is made while it is sent.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// The next piece, as soon as there is one; an empty piece ends the body.
  virtual Async<std::string> next() = 0;
  /// The server stops: next() is to end the body soon, also one that waits already.
  virtual void stop() = 0;
};
/// An answer whose body comes from `body` (Response::body is left out): in chunks, to HTTP/1.0 until the
/// connection is closed. That the client is gone shows when a piece can't be sent; the source is destroyed
/// then.
struct StreamedResponse {
  Response head;
  std::shared_ptr<BodySource> body;
};
using Answer = std::variant<Response, StreamedResponse>;

/// What a server serves. Calls run concurrently as coroutines on the loop. An exception becomes a 500.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Content-Length and Connection are made by the server; "Connection: close" in the answer closes.
  virtual Async<Response> handle(ServerRequest request) = 0;
  /// What the server calls; by default it answers as handle() does.
  virtual Async<Answer> answer(ServerRequest request);
  /// A request for a websocket. By default there is none: 404.
  virtual Async<UpgradeDecision> upgrade(ServerRequest request);
};

struct TlsFiles {
  std::string certFile;  ///< PEM, the chain with the server's certificate first
  std::string keyFile;   ///< PEM
};

struct ServerOptions {
  std::string listen;  ///< "127.0.0.1:7400", "[::1]:0" (0: any free port) or "unix:/path"
  std::optional<TlsFiles> tls;
  size_t maxBody = size_t{1} << 20;     ///< more is answered with 413
  size_t maxHeader = size_t{64} << 10;  ///< more is answered with 431
  size_t maxConnections = 10'000;       ///< further ones are closed at once, and said in the log
  Duration headerTimeout = std::chrono::seconds(10);  ///< TLS handshake; a header; the first byte
  Duration bodyTimeout = std::chrono::seconds(30);    ///< a body, from the header's end
  Duration idleTimeout = std::chrono::seconds(75);    ///< between requests; no progress of an answer
  WebSocketOptions webSocket;
  /// Shapes the answers that the server makes itself (400, 413, 431, 500); by default {"message": ...}.
  std::function<Response(int status, std::string message)> errorResponse;
};

/// A slow or silent client costs only its own connection, and that is closed when a time limit passes.
class Server {
 public:
  /// `handler` and `log` must outlive the server.
  Server(boost::asio::io_context& io, ServerOptions options, Handler& handler, Log& log);
  /// Closes everything at once; after stop() there is nothing left to close.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and begins to accept. InvalidArgument (address, certificate or key can't be used),
  /// FailedPrecondition (can't bind: in use, no permission); messages name the address or file. A socket file
  /// that nobody serves any more is replaced.
  Result<void> start();
  /// Reads the certificate and its key again, for connections from now on; those that are open keep theirs.
  /// May be called from any thread.
  /// InvalidArgument, naming the file, when they can't be used: then the ones before stay. Nothing to do, and
  /// success, without TLS.
  Result<void> reloadTls();
  /// The bound TCP port; 0 before start() and for a unix socket.
  uint16_t port() const;
  /// Refuses new connections, closes idle ones, lets running handlers answer, ends streamed bodies, closes
  /// websockets with 1001, and returns when all coroutines of the server have ended.
  Async<void> stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace berth::http
