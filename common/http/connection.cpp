#include "common/http/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <sstream>

#include "common/http/websocket_stream.hpp"
#include "common/text/letter_case.hpp"

namespace berth::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using BeastRequest = beast::http::request<beast::http::string_body>;
using BeastResponse = beast::http::response<beast::http::string_body>;
using StreamedHead = beast::http::response<beast::http::empty_body>;
using Parser = beast::http::request_parser<beast::http::string_body>;

constexpr size_t kReadSize = 4096;
/// After an answer to a request that was not read to its end: how long and how much is still read, so that
/// the answer is not lost to a reset.
constexpr Duration kLingerTime = std::chrono::seconds(2);
constexpr size_t kLingerBytes = size_t{16} << 20;

std::string text(beast::string_view view) { return std::string(view.data(), view.size()); }

ServerRequest convert(BeastRequest&& from, const std::string& remote) {
  ServerRequest to;
  to.method = text(from.method_string());
  to.target = text(from.target());
  const size_t question = std::min(to.target.find('?'), to.target.size());
  to.path = to.target.substr(0, question);
  if (question < to.target.size()) to.query = to.target.substr(question + 1);
  for (const auto& field : from) to.headers.add(text(field.name_string()), text(field.value()));
  to.body = std::move(from.body());
  to.remoteAddress = remote;
  return to;
}

bool madeByServer(std::string_view name) {
  return equalsIgnoreCase(name, "Content-Length") || equalsIgnoreCase(name, "Transfer-Encoding") ||
         equalsIgnoreCase(name, "Connection");
}

template <class Message>
void addHeaders(const Headers& from, Message& to) {
  for (const auto& [name, value] : from) {
    if (!madeByServer(name) && value.find_first_of("\r\n") == std::string::npos) to.insert(name, value);
  }
}

template <class Message>
void convertHead(const Response& from, unsigned version, bool keepAlive, Message& to) {
  to.version(version);
  to.result(static_cast<unsigned>(from.status));
  addHeaders(from.headers, to);
  to.keep_alive(keepAlive);
}

BeastResponse convert(Response from, unsigned version, bool keepAlive) {
  BeastResponse to;
  convertHead(from, version, keepAlive, to);
  const bool bodiless = from.status == 204 || from.status == 304;
  if (!bodiless) {
    to.body() = std::move(from.body);
    to.content_length(to.body().size());
  }
  return to;
}

/// RFC 9112, section 7.1; an empty piece is the last chunk.
std::string chunkOf(const std::string& piece) {
  std::ostringstream size;
  size << std::hex << piece.size();
  return size.str() + "\r\n" + piece + "\r\n";
}

/// What an exception says; for use inside a catch block.
std::string currentException() {
  try {
    throw;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception of an unknown type";
  }
}

/// The answer's status for a request that could not be read; 0: just close.
int statusOf(error_code error) {
  namespace http = beast::http;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  return error.category() == http::make_error_code(http::error::bad_method).category() ? 400 : 0;
}

template <class Stream>
class Connection final : public OpenConnection {
 public:
  Connection(std::shared_ptr<ServerShared> shared, Stream stream, std::string remote)
      : shared_(std::move(shared)),
        stream_(std::move(stream)),
        remote_(std::move(remote)),
        limit_(stream_.get_executor(), [this] { closeSocket(stream_); }) {
    shared_->open.insert(this);
  }
  ~Connection() override { shared_->open.erase(this); }

  /// Until the connection is closed, or has become a websocket.
  Async<void> run() {
    bool more = co_await shakeHands();
    for (bool first = true; more && !stopping_; first = false) more = co_await serveOne(first);
  }

  struct Upgraded {
    std::shared_ptr<WebSocketStream<Stream>> socket;
    std::variant<WebSocketSession, WebSocketOpened> session;
    WebSocketAnswerer answerer;
  };
  /// What run() has made of it, if it is a websocket now.
  std::optional<Upgraded> takeUpgraded() { return std::exchange(upgraded_, std::nullopt); }

  void stop() override {
    stopping_ = true;
    if (body_) {
      body_->stop();
    } else if (!handling_) {
      closeSocket(stream_);
    }
  }

  void abort() override {
    stopping_ = true;
    if (body_) body_->stop();
    closeSocket(webSocket_ ? webSocket_->stream().next_layer() : stream_);
  }

 private:
  const ServerOptions& options() const { return shared_->options; }

  Async<bool> shakeHands() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      error_code error;
      limit_.expireIn(options().headerTimeout);
      co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, error));
      if (error) {
        shared_->log.debug("TLS handshake failed", {{"remote", remote_}, {"error", error.message()}});
        co_return false;
      }
    }
    co_return true;
  }

  /// False: the connection has to be closed.
  Async<bool> serveOne(bool first) {
    if (buffer_.size() == 0 && !co_await awaitFirstByte(first)) co_return false;
    Parser parser;
    parser.body_limit(options().maxBody);
    parser.header_limit(static_cast<std::uint32_t>(options().maxHeader));
    error_code error;
    limit_.expireIn(options().headerTimeout);
    co_await beast::http::async_read_header(stream_, buffer_, parser,
                                            asio::redirect_error(asio::use_awaitable, error));
    if (!error && !parser.is_done() && !beast::websocket::is_upgrade(parser.get())) {
      error = co_await readBody(parser);
    }
    limit_.clear();
    if (error) co_return co_await refuse(error);

    handling_ = true;
    const bool keepAlive = parser.get().keep_alive();
    const unsigned version = parser.get().version();
    const bool more = beast::websocket::is_upgrade(parser.get())
                          ? co_await upgrade(parser)
                          : co_await answer(parser.release(), version, keepAlive);
    handling_ = false;
    co_return more;
  }

  Async<bool> awaitFirstByte(bool first) {
    error_code error;
    limit_.expireIn(first ? options().headerTimeout : options().idleTimeout);
    const size_t got = co_await stream_.async_read_some(buffer_.prepare(kReadSize),
                                                        asio::redirect_error(asio::use_awaitable, error));
    buffer_.commit(got);
    co_return !error;
  }

  Async<error_code> readBody(Parser& parser) {
    error_code error;
    limit_.expireIn(options().bodyTimeout);
    if (beast::iequals(parser.get()[beast::http::field::expect], "100-continue")) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(stream_, asio::buffer(kContinue),
                                 asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return error;
    }
    co_await beast::http::async_read(stream_, buffer_, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  Async<bool> answer(BeastRequest request, unsigned version, bool keepAlive) {
    const bool headOnly = request.method() == beast::http::verb::head;
    Answer answer;
    std::optional<std::string> failed;
    try {
      answer = co_await shared_->handler.answer(convert(std::move(request), remote_));
    } catch (...) {
      failed = currentException();
    }
    if (failed) answer = internalError(*failed);
    if (auto* whole = std::get_if<Response>(&answer)) {
      co_return co_await write(std::move(*whole), version, keepAlive, headOnly);
    }
    co_return co_await stream(std::move(std::get<StreamedResponse>(answer)), version, keepAlive, headOnly);
  }

  Async<bool> stream(StreamedResponse response, unsigned version, bool keepAlive, bool headOnly) {
    const bool chunked = version >= 11;
    const bool keep = keepAlive && chunked && !stopping_;
    StreamedHead head;
    convertHead(response.head, version, keep, head);
    if (chunked) head.chunked(true);
    beast::http::response_serializer<beast::http::empty_body> serializer(head);
    error_code error;
    limit_.expireIn(options().idleTimeout);
    co_await beast::http::async_write_header(stream_, serializer,
                                             asio::redirect_error(asio::use_awaitable, error));
    if (error || headOnly) co_return keep && !error;
    body_ = std::move(response.body);
    if (stopping_) body_->stop();
    const bool whole = co_await sendPieces(chunked);
    body_.reset();
    co_return keep&& whole && !stopping_;
  }

  /// False when the body did not get to its end.
  Async<bool> sendPieces(bool chunked) {
    while (true) {
      limit_.clear();
      std::string piece;
      std::optional<std::string> failed;
      try {
        piece = co_await body_->next();
      } catch (...) {
        failed = currentException();
      }
      if (failed) {
        shared_->log.error("a body ended by an exception", {{"remote", remote_}, {"what", *failed}});
        co_return false;
      }
      const bool last = piece.empty();
      if (chunked) piece = chunkOf(piece);
      error_code error;
      limit_.expireIn(options().idleTimeout);
      co_await asio::async_write(stream_, asio::buffer(piece),
                                 asio::redirect_error(asio::use_awaitable, error));
      if (error || last) co_return !error;
    }
  }

  Response internalError(const std::string& what) {
    shared_->log.error("a handler ended by an exception", {{"remote", remote_}, {"what", what}});
    return shared_->errorResponse(500, "internal error; the server's log says more");
  }

  Async<bool> write(Response response, unsigned version, bool keepAlive, bool headOnly) {
    const auto wish = response.headers.get("Connection");
    const bool keep = keepAlive && !stopping_ && !(wish && equalsIgnoreCase(*wish, "close"));
    BeastResponse message = convert(std::move(response), version, keep);
    beast::http::response_serializer<beast::http::string_body> serializer(message);
    serializer.split(headOnly);
    error_code error;
    while (!error && !(headOnly ? serializer.is_header_done() : serializer.is_done())) {
      limit_.expireIn(options().idleTimeout);
      co_await beast::http::async_write_some(stream_, serializer,
                                             asio::redirect_error(asio::use_awaitable, error));
    }
    limit_.clear();
    co_return keep && !error;
  }

  /// Answers a request that could not be read; always closes.
  Async<bool> refuse(error_code error) {
    const int status = statusOf(error);
    if (status == 0 || limit_.expired()) co_return false;
    shared_->log.debug("request refused",
                       {{"remote", remote_}, {"status", status}, {"error", error.message()}});
    std::string reason = "the request is not valid HTTP: " + error.message();
    if (status == 413) {
      reason = "the body is larger than the limit of " + std::to_string(options().maxBody) + " bytes";
    } else if (status == 431) {
      reason = "the header is larger than the limit of " + std::to_string(options().maxHeader) + " bytes";
    }
    co_await write(shared_->errorResponse(status, std::move(reason)), 11, false, false);
    co_await linger();
    co_return false;
  }

  Async<void> linger() {
    PlainStream& socket = socketOf(stream_);
    error_code error;
    socket.shutdown(asio::socket_base::shutdown_send, error);
    limit_.expireIn(kLingerTime);
    buffer_.clear();
    for (size_t total = 0; !error && total < kLingerBytes;) {
      total += co_await socket.async_read_some(buffer_.prepare(kReadSize),
                                               asio::redirect_error(asio::use_awaitable, error));
    }
  }

  Async<bool> upgrade(Parser& parser) {
    BeastRequest request = parser.release();
    const unsigned version = request.version();
    if (request.has_content_length() || request.chunked() || buffer_.size() != 0) {
      co_await write(shared_->errorResponse(400, "a websocket handshake has no body, and nothing follows it"),
                     version, false, false);
      co_return false;
    }
    UpgradeDecision decision;
    std::optional<std::string> failed;
    try {
      BeastRequest copy = request;
      decision = co_await shared_->handler.upgrade(convert(std::move(copy), remote_));
    } catch (...) {
      failed = currentException();
    }
    if (failed) decision = internalError(*failed);
    if (auto* refusal = std::get_if<Response>(&decision)) {
      co_return co_await write(std::move(*refusal), version, request.keep_alive(), false);
    }
    co_await openWebSocket(std::move(request), std::move(std::get<Upgrade>(decision)));
    co_return false;
  }

  Async<void> openWebSocket(BeastRequest request, Upgrade agreed) {
    namespace websocket = beast::websocket;
    webSocket_ = std::make_shared<WebSocketStream<Stream>>(std::move(stream_), options().webSocket);
    error_code error;
    webSocket_->limitHandshake(options().headerTimeout);
    auto& ws = webSocket_->stream();
    if (!agreed.headers.empty()) {
      ws.set_option(websocket::stream_base::decorator(
          [&agreed](websocket::response_type& answer) { addHeaders(agreed.headers, answer); }));
    }
    co_await ws.async_accept(request, asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      shared_->log.debug("websocket handshake failed", {{"remote", remote_}, {"error", error.message()}});
      co_return;
    }
    // The stream outlives what its decorator refers to.
    if (!agreed.headers.empty()) {
      ws.set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
    }
    webSocket_->limitHandshake(Duration::zero());
    if (stopping_) webSocket_->close(1001, "the server stops");
    upgraded_.emplace(Upgraded{webSocket_, std::move(agreed.session), std::move(agreed.answerer)});
  }

  std::shared_ptr<ServerShared> shared_;
  Stream stream_;  ///< moved into webSocket_ by an upgrade
  std::string remote_;
  Deadline limit_;
  beast::flat_buffer buffer_;
  std::shared_ptr<WebSocketStream<Stream>> webSocket_;
  std::optional<Upgraded> upgraded_;
  std::shared_ptr<BodySource> body_;  ///< while it is sent
  bool handling_ = false;
  bool stopping_ = false;
};

/// An open websocket as its server sees it.
template <class Stream>
class OpenWebSocket : public OpenConnection {
 public:
  OpenWebSocket(std::shared_ptr<ServerShared> shared, WebSocketStream<Stream>& socket, std::string remote)
      : shared_(std::move(shared)), socket_(socket), remote_(std::move(remote)) {
    shared_->open.insert(this);
  }
  ~OpenWebSocket() override { shared_->open.erase(this); }

  void stop() override { socket_.close(1001, "the server stops"); }
  void abort() override { closeSocket(socket_.stream().next_layer()); }

  WebSocketStream<Stream>& socket() { return socket_; }
  void fail(const std::string& what) {
    shared_->log.error("a websocket session ended by an exception", {{"remote", remote_}, {"what", what}});
    socket_.close(1011, "");
  }

 private:
  std::shared_ptr<ServerShared> shared_;
  WebSocketStream<Stream>& socket_;
  std::string remote_;
};

/// One with a listener; the socket owns it.
template <class Stream>
class HeardWebSocket final : public OpenWebSocket<Stream>, public WebSocketListener {
 public:
  HeardWebSocket(Gate::Pass pass, std::shared_ptr<ServerShared> shared, WebSocketStream<Stream>& socket,
                 std::string remote, WebSocketAnswerer answerer)
      : OpenWebSocket<Stream>(std::move(shared), socket, std::move(remote)),
        pass_(std::move(pass)),
        answerer_(std::move(answerer)) {}

  void open(const WebSocketOpened& opened, std::shared_ptr<WebSocket> socket) {
    guarded([&] { listener_ = opened(std::move(socket)); });
  }
  void onMessage(std::string message) override {
    guarded([&] {
      std::string answer = answerer_ ? answerer_(message) : std::string();
      if (!answer.empty()) return this->socket().send(std::move(answer));
      if (listener_) listener_->onMessage(std::move(message));
    });
  }
  void onClosed() override {
    if (listener_) guarded([&] { listener_->onClosed(); });
  }

 private:
  template <class Call>
  void guarded(Call call) {
    try {
      call();
    } catch (...) {
      this->fail(currentException());
    }
  }

  Gate::Pass pass_;
  WebSocketAnswerer answerer_;
  std::shared_ptr<WebSocketListener> listener_;
};

template <class Stream>
Async<void> serveWebSocket(std::shared_ptr<ServerShared> shared,
                           std::shared_ptr<WebSocketStream<Stream>> socket, std::string remote,
                           WebSocketSession session) {
  OpenWebSocket<Stream> open(std::move(shared), *socket, std::move(remote));
  std::optional<std::string> failed;
  try {
    co_await session(socket);
  } catch (...) {
    failed = currentException();
  }
  if (failed) open.fail(*failed);
  socket->close(1000, "");
  co_await socket->ended();
}

/// What an HTTP connection needs is not kept for the life of the websocket that it has become: there may be
/// many thousands.
template <class Stream>
Async<void> serve(std::shared_ptr<ServerShared> shared, Stream stream, std::string remote) {
  auto connection = std::make_unique<Connection<Stream>>(shared, std::move(stream), remote);
  co_await connection->run();
  auto upgraded = connection->takeUpgraded();
  connection.reset();
  if (!upgraded) co_return;
  auto socket = std::move(upgraded->socket);
  if (auto* session = std::get_if<WebSocketSession>(&upgraded->session)) {
    co_await serveWebSocket(std::move(shared), std::move(socket), std::move(remote), std::move(*session));
  } else if (auto pass = shared->gate.enter()) {
    auto open = std::make_shared<HeardWebSocket<Stream>>(std::move(*pass), std::move(shared), *socket,
                                                         std::move(remote), std::move(upgraded->answerer));
    open->open(std::get<WebSocketOpened>(upgraded->session), socket);
    socket->listen(std::move(open));
  } else {
    socket->close(1001, "the server stops");
    co_await socket->ended();
  }
}

}  // namespace

Async<void> serveConnection(std::shared_ptr<ServerShared> shared, PlainStream socket, std::string remote) {
  return serve(std::move(shared), std::move(socket), std::move(remote));
}

Async<void> serveConnection(std::shared_ptr<ServerShared> shared, TlsStream stream, std::string remote) {
  return serve(std::move(shared), std::move(stream), std::move(remote));
}

}  // namespace berth::http
