#include "common/http/unix_calls.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <cerrno>

#include "common/http/response_reader.hpp"
#include "common/http/transfer.hpp"
#include "common/text/letter_case.hpp"

namespace berth::http {
namespace {

namespace asio = boost::asio;
using ParseError = boost::beast::http::error;
using boost::system::error_code;

constexpr size_t kReadAtOnce = size_t{16} << 10;

/// Nothing has come that nobody asked for, such as the end of the connection.
bool stillOpen(PlainStream& socket) {
  char next = 0;
  return ::recv(socket.native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool madeHere(std::string_view name) {
  return equalsIgnoreCase(name, "Content-Length") || equalsIgnoreCase(name, "Transfer-Encoding");
}

std::string headOf(const Request& request, const Url& url, const std::string& userAgent) {
  std::string out = request.method + " " + url.target() + " HTTP/1.1\r\n";
  const auto field = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  if (!request.headers.get("Host")) field("Host", url.authority());
  if (!request.headers.get("User-Agent")) field("User-Agent", userAgent);
  for (const auto& [name, value] : request.headers) {
    if (!madeHere(name)) field(name, value);
  }
  const bool usuallyWithBody =
      request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (usuallyWithBody || !request.body.empty()) field("Content-Length", std::to_string(request.body.size()));
  return out + "\r\n";
}

}  // namespace

/// One exchange. Whatever ends it early closes its socket, which ends what waits on that.
class UnixCalls::Exchange {
 public:
  Exchange(UnixCalls& calls, Call call, Url url)
      : calls_(calls), call_(std::move(call)), url_(std::move(url)), socket_(calls.io_) {
    calls_.running_.insert(this);
  }
  ~Exchange() { calls_.running_.erase(this); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Call& call() const { return call_; }
  Error failure(Code code, std::string_view reason) const {
    return makeError(code, call_.request.method + " unix:" + call_.unixSocket + ": " + std::string(reason));
  }
  /// The first reason counts.
  void end(Code code, std::string_view reason) {
    if (!ended_) ended_ = failure(code, reason);
    closeSocket(socket_);
  }

  Async<Result<Response>> run(Deadline& silence) {
    for (bool reused = true; reused;) {
      std::optional<PlainStream> old = call_.fresh || tried_ ? std::nullopt : calls_.kept(call_.unixSocket);
      reused = old.has_value();
      tried_ = true;
      if (old) socket_ = std::move(*old);
      error_code error;
      if (!reused) error = co_await connect();
      if (error && !ended_) co_return failure(Code::Unavailable, "can't connect: " + error.message());
      if (!ended_) error = co_await converse(silence);
      if (ended_) co_return *ended_;
      if (!error) break;
      // The server may have closed it just now, before it saw the request.
      if (reused && !heard_) continue;
      co_return failure(codeOf(error), "no complete answer: " + error.message());
    }
    co_return std::move(response_);
  }

 private:
  static Code codeOf(error_code error) {
    return error.category() == boost::beast::http::make_error_code(ParseError::bad_version).category() &&
                   error != ParseError::partial_message && error != ParseError::end_of_stream
               ? Code::Internal
               : Code::Unavailable;
  }

  Async<error_code> connect() {
    if (call_.unixSocket.size() >= sizeof(sockaddr_un::sun_path)) co_return asio::error::name_too_long;
    const asio::local::stream_protocol::endpoint server(call_.unixSocket);
    error_code error;
    closeSocket(socket_);
    co_await socket_.async_connect(server, asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  Async<error_code> converse(Deadline& silence) {
    const std::string head = headOf(call_.request, url_, calls_.userAgent_);
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(call_.request.body)};
    error_code unsent;
    co_await asio::async_write(socket_, parts, asio::redirect_error(asio::use_awaitable, unsent));
    if (ended_) co_return unsent;
    silence.expireIn(call_.inactivity);
    // Who does not want a request may answer before it has read all of it.
    const error_code unread = co_await receive(silence);
    if (unread) co_return unsent ? unsent : unread;
    const bool again = !unsent && !ended_ && reader_->keep_alive() && in_.empty();
    if (again) calls_.keep(call_.unixSocket, std::move(socket_));
    co_return error_code();
  }

  Async<error_code> receive(Deadline& silence) {
    std::array<char, kReadAtOnce> piece;
    begin();
    while (!reader_->is_done()) {
      error_code error;
      const size_t got = co_await socket_.async_read_some(asio::buffer(piece),
                                                          asio::redirect_error(asio::use_awaitable, error));
      if (ended_) co_return error;
      silence.expireIn(call_.inactivity);
      heard_ = heard_ || got > 0;
      if (error == asio::error::eof && reader_->got_some()) {
        error.clear();
        reader_->put_eof(error);
        co_return error;
      }
      if (error) co_return error;
      in_.append(piece.data(), got);
      error = parse();
      if (ended_ || error) co_return error;
    }
    co_return error_code();
  }

  void begin() {
    response_ = Response();
    reader_.emplace(
        response_, [this](std::string_view part) { return takeBody(part); }, call_.request.method == "HEAD");
  }

  error_code parse() {
    error_code error;
    while (!error) {
      const size_t used = reader_->put(asio::const_buffer(in_.data(), in_.size()), error);
      in_.erase(0, used);
      // What follows an interim answer is the next one.
      const bool interim = !error && reader_->is_done() && response_.status < 200;
      if (!interim) break;
      begin();
      if (in_.empty()) break;
    }
    if (error == ParseError::need_more) error.clear();
    return error;
  }

  bool takeBody(std::string_view part) {
    if (ended_) return false;
    if (call_.onBody && response_.status >= 200 && response_.status < 300) {
      if (call_.onBody(part)) return !ended_;
      end(Code::Cancelled, "the reader of the body asked to stop");
      return false;
    }
    if (part.size() > call_.maxBody - response_.body.size()) {
      end(Code::ResourceExhausted,
          "the answer is larger than the limit of " + std::to_string(call_.maxBody) + " bytes");
      ended_->retryable = false;
      return false;
    }
    response_.body.append(part);
    return true;
  }

  UnixCalls& calls_;
  const Call call_;
  const Url url_;
  PlainStream socket_;
  Response response_;
  std::optional<ResponseReader> reader_;
  std::string in_;  ///< bytes that the reader has not taken yet
  std::optional<Error> ended_;
  bool tried_ = false;
  bool heard_ = false;  ///< a byte of an answer has come
};

UnixCalls::UnixCalls(asio::io_context& io, const ClientOptions& options)
    : io_(io), userAgent_(options.userAgent), mostIdle_(options.maxIdle) {}

bool UnixCalls::takes(const Call& call) {
  return !call.unixSocket.empty() && !call.http2 && !call.bodySource &&
         !call.request.url.starts_with("https:");
}

Async<Result<Response>> UnixCalls::fetch(std::shared_ptr<UnixCalls> self, Call call, std::stop_token stop) {
  Result<Url> url = checkRequest(call.request);
  if (!url) co_return url.error();
  Exchange exchange(*self, std::move(call), std::move(*url));
  if (stop.stop_requested()) co_return exchange.failure(Code::Cancelled, "stopped before it was sent");
  if (self->shut_) co_return exchange.failure(Code::Cancelled, "the client is closed");
  const Call& asked = exchange.call();
  const auto late = [&exchange](Duration limit, std::string_view what) {
    exchange.end(Code::DeadlineExceeded, std::string(what) + formatDuration(limit));
  };
  const Executor executor = self->io_.get_executor();
  Deadline whole(executor, [&] { late(asked.timeout, "no complete answer within "); });
  whole.expireIn(asked.timeout);
  Deadline silence(executor, [&] { late(asked.inactivity, "no byte in either direction for "); });
  silence.expireIn(asked.inactivity);
  const std::stop_callback onStop(stop, [&exchange] { exchange.end(Code::Cancelled, "stopped"); });
  co_return co_await exchange.run(silence);
}

void UnixCalls::shutdown() {
  shut_ = true;
  idle_.clear();
  for (Exchange* one : running_) one->end(Code::Cancelled, "the client is closed");
}

std::optional<PlainStream> UnixCalls::kept(const std::string& path) {
  for (auto it = idle_.end(); it != idle_.begin();) {
    --it;
    if (it->path != path) continue;
    PlainStream socket = std::move(it->socket);
    it = idle_.erase(it);
    if (stillOpen(socket)) return socket;
  }
  return std::nullopt;
}

void UnixCalls::keep(std::string path, PlainStream socket) {
  if (shut_) return;
  idle_.push_back(Idle{std::move(path), std::move(socket)});
  if (idle_.size() > mostIdle_) idle_.pop_front();
}

}  // namespace berth::http
