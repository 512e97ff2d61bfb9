#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>

#include "common/http/websocket_stream.hpp"
#include "common/text/letter_case.hpp"

namespace berth::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using Handshake = beast::websocket::response_type;

constexpr size_t kRefusalBytes = 1024;

/// What all steps share.
struct Attempt {
  LoopExecutor executor;
  WsClientOptions options;
  Url url;
  std::stop_token stop;
  WsAnswer* answer;

  Error failure(Code code, const std::string& reason) const {
    return makeError(code, "websocket to " + url.origin() + ": " + reason);
  }

  /// Why a step that was cut short by a closed socket failed.
  Error failure(error_code error, bool timedOut, std::string_view step, Duration limit) const {
    if (stop.stop_requested()) return failure(Code::Cancelled, "stopped");
    if (timedOut) {
      return failure(Code::DeadlineExceeded,
                     std::string(step) + " took longer than " + formatDuration(limit));
    }
    return failure(Code::Unavailable, std::string(step) + " failed: " + error.message());
  }
};

/// Calls `close` (on the loop) when the stop comes, for as long as this lives.
using StopGuard = std::stop_callback<std::function<void()>>;

/// An address needs no look-up (which costs a thread).
Async<tcp::resolver::results_type> lookUp(tcp::resolver& resolver, const Url& url, error_code& error) {
  const std::string port = std::to_string(url.port);
  const auto address = asio::ip::make_address(url.host, error);
  if (!error) co_return tcp::resolver::results_type::create(tcp::endpoint(address, url.port), url.host, port);
  error.clear();
  co_return co_await resolver.async_resolve(url.host, port, tcp::resolver::numeric_service,
                                            asio::redirect_error(asio::use_awaitable, error));
}

Async<Result<PlainStream>> connectTcp(std::shared_ptr<Attempt> attempt) {
  tcp::resolver resolver(attempt->executor);
  asio::basic_stream_socket<tcp, LoopExecutor> socket(attempt->executor);
  const auto cut = [&resolver, &socket] {
    error_code ignored;
    resolver.cancel();
    socket.close(ignored);
  };
  const Duration limit = attempt->options.connectTimeout;
  Deadline deadline(attempt->executor, cut);
  deadline.expireIn(limit);
  const StopGuard guard(attempt->stop, cut);
  const auto cutShort = [&] { return deadline.expired() || attempt->stop.stop_requested(); };

  error_code error;
  const auto found = co_await lookUp(resolver, attempt->url, error);
  if (error || cutShort())
    co_return attempt->failure(error, deadline.expired(), "looking up the name", limit);
  // Not asio::async_connect: it would open the next address after a time limit closed the socket.
  for (const auto& entry : found) {
    error_code ignored;
    socket.close(ignored);
    co_await socket.async_connect(entry.endpoint(), asio::redirect_error(asio::use_awaitable, error));
    if (!error || cutShort()) break;
  }
  if (error || cutShort()) co_return attempt->failure(error, deadline.expired(), "connecting", limit);
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  co_return PlainStream(std::move(socket));
}

std::string plainText(beast::string_view view) { return std::string(view.data(), view.size()); }

void tell(const Attempt& attempt, const Handshake& response) {
  if (attempt.answer == nullptr) return;
  attempt.answer->status = static_cast<int>(response.result_int());
  attempt.answer->headers = {};
  for (const auto& field : response) {
    attempt.answer->headers.add(plainText(field.name_string()), plainText(field.value()));
  }
  attempt.answer->body = response.body().substr(0, kRefusalBytes);
}

/// The Error when the server answered with something else than 101.
std::optional<Error> readRefusal(const Attempt& attempt, error_code error, const Handshake& response) {
  const bool answered = error == beast::websocket::error::upgrade_declined ||
                        error == beast::websocket::condition::handshake_failed;
  if (!answered) return std::nullopt;
  const int status = static_cast<int>(response.result_int());
  tell(attempt, response);
  return attempt.failure(status >= 500 ? Code::Unavailable : Code::FailedPrecondition,
                         status == 101 ? "the answer is not a websocket handshake: " + error.message()
                                       : "the server refused with HTTP status " + std::to_string(status));
}

template <class Stream>
Async<Result<std::shared_ptr<WebSocket>>> shakeHands(std::shared_ptr<Attempt> attempt, Stream stream,
                                                     Duration limit) {
  const auto socket = std::make_shared<WebSocketStream<Stream>>(std::move(stream), attempt->options.socket);
  socket->limitHandshake(limit);
  const StopGuard guard(attempt->stop, [&socket] { closeSocket(socket->stream().next_layer()); });

  socket->stream().set_option(
      beast::websocket::stream_base::decorator([attempt](beast::websocket::request_type& request) {
        for (const auto& [name, value] : attempt->options.headers) {
          if (equalsIgnoreCase(name, "Host")) {
            request.set(name, value);
          } else {
            request.insert(name, value);
          }
        }
      }));
  const std::string host = attempt->url.authority();
  const std::string target = attempt->url.target();
  Handshake response;
  error_code error;
  co_await socket->stream().async_handshake(response, host, target,
                                            asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    if (auto refused = readRefusal(*attempt, error, response)) co_return *refused;
    co_return attempt->failure(error, socket->handshakeTimedOut(), "the handshake",
                               attempt->options.handshakeTimeout);
  }
  if (attempt->stop.stop_requested()) co_return attempt->failure(Code::Cancelled, "stopped");
  tell(*attempt, response);
  socket->limitHandshake(Duration::zero());
  co_return std::shared_ptr<WebSocket>(socket);
}

Result<std::shared_ptr<asio::ssl::context>> makeContext(const Attempt& attempt) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code error;
  if (attempt.options.caFile.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->load_verify_file(attempt.options.caFile, error);
  }
  if (error) {
    return attempt.failure(Code::FailedPrecondition, "can't read the certificate authorities " +
                                                         attempt.options.caFile + ": " + error.message());
  }
  return context;
}

Async<Result<std::shared_ptr<WebSocket>>> overTls(std::shared_ptr<Attempt> attempt, PlainStream plain) {
  const Result<std::shared_ptr<asio::ssl::context>> context = makeContext(*attempt);
  if (!context) co_return context.error();
  TlsStream stream(std::move(plain), **context);
  error_code error;
  asio::ip::make_address(attempt->url.host, error);
  const bool isName = static_cast<bool>(error);
  if (isName) SSL_set_tlsext_host_name(stream.native_handle(), attempt->url.host.c_str());
  if (attempt->options.verifyTls) {
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(attempt->url.host));
  } else {
    stream.set_verify_mode(asio::ssl::verify_none);
  }

  const auto began = asio::steady_timer::clock_type::now();
  const Duration limit = attempt->options.handshakeTimeout;
  error.clear();
  {
    const auto cut = [&stream] { closeSocket(stream); };
    Deadline deadline(attempt->executor, cut);
    deadline.expireIn(limit);
    const StopGuard guard(attempt->stop, cut);
    co_await stream.async_handshake(asio::ssl::stream_base::client,
                                    asio::redirect_error(asio::use_awaitable, error));
    const long verified = SSL_get_verify_result(stream.native_handle());
    if (error && attempt->options.verifyTls && verified != X509_V_OK) {
      co_return attempt->failure(
          Code::FailedPrecondition,
          std::string("the server's certificate is not trusted: ") + X509_verify_cert_error_string(verified));
    }
    if (error) co_return attempt->failure(error, deadline.expired(), "the TLS handshake", limit);
  }
  const Duration left = limit - (asio::steady_timer::clock_type::now() - began);
  const Duration atLeast = std::max<Duration>(left, std::chrono::milliseconds(1));
  co_return co_await shakeHands(attempt, std::move(stream), limit > Duration::zero() ? atLeast : limit);
}

Async<Result<std::shared_ptr<WebSocket>>> connect(std::shared_ptr<Attempt> attempt) {
  Result<PlainStream> plain = co_await connectTcp(attempt);
  if (!plain) co_return plain.error();
  if (attempt->url.tls()) co_return co_await overTls(attempt, std::move(*plain));
  co_return co_await shakeHands(attempt, std::move(*plain), attempt->options.handshakeTimeout);
}

}  // namespace

Async<Result<std::shared_ptr<WebSocket>>> connectWebSocket(asio::io_context& io, WsClientOptions options,
                                                           WsAnswer* answer, std::stop_token stop) {
  Result<Url> url = parseUrl(options.url);
  if (!url) co_return url.error();
  const auto attempt = std::make_shared<Attempt>(
      Attempt{io.get_executor(), std::move(options), std::move(*url), std::move(stop), answer});
  if (attempt->stop.stop_requested()) co_return attempt->failure(Code::Cancelled, "stopped");
  co_return co_await connect(attempt);
}

}  // namespace berth::http
