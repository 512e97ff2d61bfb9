// Websockets (RFC 6455) on the loop, the same class on both sides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "common/async/async.hpp"
#include "common/http/message.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace boost::asio {
class io_context;
}

namespace berth::http {

struct WebSocketOptions {
  size_t maxMessage = size_t{4} << 20;               ///< a bigger one closes with 1009
  size_t maxQueued = size_t{16} << 20;               ///< bytes waiting to be sent; more closes
  Duration readDeadline{0};                          ///< for each read(); 0: none
  Duration writeDeadline = std::chrono::minutes(3);  ///< for each message sent
  Duration closeDeadline = std::chrono::seconds(5);  ///< from close() until the socket is closed
};

/// Why a websocket ended. Codes: RFC 6455, section 7.4.
struct CloseInfo {
  uint16_t code = 0;  ///< 0: still open; 1005: closed without a code; 1006: ended without a close frame
  std::string reason;
  bool clean = false;  ///< close frames went both ways
};

/// An open websocket. Dropping the last reference closes the connection without a close frame.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  /// The next whole message, text or binary. One read at a time; pings are answered while one waits.
  /// Unavailable once closed by either side, broken, or silent for longer than the read deadline (pings do
  /// not count); closeInfo() then says why, and every later read fails alike.
  virtual Async<Result<std::string>> read() = 0;
  /// Queues a text message behind the earlier ones. Ignored once closed; a queue beyond maxQueued, or a
  /// message that is not out within the write deadline, closes the connection.
  virtual void send(std::string text) = 0;
  /// Likewise a binary message.
  virtual void sendBinary(std::string bytes) = 0;
  /// Until at most `bytes` wait to be sent. False: the websocket is closing or closed, nothing more is sent.
  virtual Async<bool> drained(size_t bytes) = 0;
  /// Sends what is queued, then the close frame, and closes when the other side's came or closeDeadline is
  /// over. `code` 1000 to 4999, `reason` at most 123 bytes (the rest is cut). Later calls do nothing.
  virtual void close(uint16_t code, std::string reason) = 0;
  virtual CloseInfo closeInfo() const = 0;
};

struct WsClientOptions {
  std::string url;     ///< ws, wss, http or https
  Headers headers;     ///< added to the handshake; a Host here replaces the URL's
  std::string caFile;  ///< PEM of the authorities to trust; empty: the system's
  bool verifyTls = true;
  Duration connectTimeout = std::chrono::seconds(30);    ///< name look-up and TCP
  Duration handshakeTimeout = std::chrono::seconds(30);  ///< TLS and websocket handshake
  WebSocketOptions socket;
};

/// What a server answered to the handshake.
struct WsAnswer {
  int status = 0;  ///< 101: it agreed; 0: there was no HTTP answer
  Headers headers;
  std::string body;  ///< of a refusal, its first 1024 bytes
};

/// Connects and shakes hands. Errors: Unavailable (no connection, or refused with a 5xx), DeadlineExceeded,
/// Cancelled (`stop`), InvalidArgument (URL), FailedPrecondition (TLS not trusted, or refused with another
/// status). `answer`, when given, is set before the return and must live until then. Messages name the
/// origin only, never path, query or headers. Proxies are not used.
Async<Result<std::shared_ptr<WebSocket>>> connectWebSocket(boost::asio::io_context& io,
                                                           WsClientOptions options,
                                                           WsAnswer* answer = nullptr,
                                                           std::stop_token stop = {});

}  // namespace berth::http
