// The HTTP client, of version 1.1 and, where a call asks for it, 2: libcurl's multi interface on the loop,
// and plain sockets for version 1.1 on unix sockets.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/async/async.hpp"
#include "common/http/message.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace boost::asio {
class io_context;
}

namespace berth::http {

struct ClientOptions {
  std::string caFile;     ///< PEM of the authorities to trust; empty: the system's
  bool verifyTls = true;  ///< false accepts any certificate; for tests
  std::string userAgent = "berth";
  size_t maxConnections = 0;  ///< open at once by TCP, further calls wait for one; 0: no limit
  size_t maxIdle = 32;        ///< connections kept for reuse; as many again to unix sockets
  Duration connectTimeout = std::chrono::seconds(30);  ///< name look-up, connect and TLS together
};

/// One exchange.
struct Call {
  Request request;
  std::string unixSocket;  ///< path of the socket to connect to instead of the URL's host; empty: TCP
  bool direct = false;     ///< never through a proxy of the environment
  bool fresh = false;  ///< on a connection of its own: who closes its door gets no call through an old one
  /// HTTP/2 from the first byte, without TLS (RFC 9113, section 3.3), each exchange on a connection of its
  /// own. The fields of a trailer section are added to Response::headers.
  bool http2 = false;
  /// A trailer field that an HTTP/2 answer ends with: once that is there, the answer counts, even when the
  /// server has closed the stream before it had read the request (RFC 9113, section 8.1). Empty: none does.
  std::string lastField;
  Duration timeout{0};     ///< for the whole exchange; 0: none
  Duration inactivity{0};  ///< longest time without a byte either way; 0: none
  /// When set, the body of a 2xx answer streams here (Response::body stays empty); other answers' bodies are
  /// collected. False ends the call with Cancelled. Called on the loop; must not destroy the client.
  std::function<bool(std::string_view)> onBody;
  /// When set, the request's body is what this answers, piece by piece, until an empty piece; Request::body
  /// is not sent. nullopt ends the call with Cancelled. Called on the loop; must not destroy the client.
  std::function<std::optional<std::string>()> bodySource;
  size_t maxBody = size_t{64} << 20;  ///< of a collected body; more is ResourceExhausted, not retryable
};

/// Keeps connections open and reuses them, to TCP and unix sockets alike. TLS 1.2 or newer. Redirects are
/// answers like others: not followed. The proxy variables of the environment count, but never for loopback
/// and unix sockets. All on one loop.
class Client {
 public:
  Client(boost::asio::io_context& io, ClientOptions options);
  /// Calls under way end with Cancelled.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Any HTTP status is an answer, not an Error. Errors: Unavailable (can't resolve or connect, reset, closed
  /// before the answer was complete), DeadlineExceeded (a time limit of the call, or connectTimeout),
  /// Cancelled (`stop`, onBody or the client's end), FailedPrecondition (TLS: not trusted),
  /// InvalidArgument (URL, method or header can't be sent), ResourceExhausted (maxBody), Internal (not HTTP).
  /// Messages name the method, the origin and the reason; never path, query, headers or body.
  Async<Result<Response>> fetch(Call call, std::stop_token stop = {});

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace berth::http
