#include "agent/runtimes/docker/engine_stream.hpp"

#include <utility>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <limits>

#include "agent/runtimes/docker/errors.hpp"
#include "proto/docker/codec.hpp"

namespace berth::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

constexpr size_t kPiece = size_t{32} << 10;
constexpr size_t kLongestRefusal = size_t{64} << 10;

class UnixEngineStream final : public EngineStream, public std::enable_shared_from_this<UnixEngineStream> {
 public:
  explicit UnixEngineStream(const Executor& executor) : socket_(executor), limit_(executor) {
    // No limit; Beast of Boost 1.74 takes none for the least.
    parser_.body_limit(std::numeric_limits<uint64_t>::max());
  }

  /// The status of the answer.
  Async<Result<int>> open(std::string path, Ask ask) {
    const auto self = shared_from_this();
    limit_.expires_after(ask.limit);
    limit_.async_wait([weak = weak_from_this()](error_code error) {
      const auto still = weak.lock();
      if (error || !still) return;
      still->late_ = true;
      still->closeSocket();
    });
    error_code error;
    co_await socket_.async_connect(Local::endpoint(path), asio::redirect_error(asio::use_awaitable, error));
    if (!error) error = co_await exchange(ask);
    limit_.cancel();
    if (late_) co_return makeError(Code::DeadlineExceeded, "the Docker Engine does not answer");
    if (error)
      co_return makeError(Code::Unavailable, "the Docker Engine can't be reached: " + error.message());
    const auto status = static_cast<int>(parser_.get().result_int());
    // An engine that is asked for both ways answers with 101, older ones with 200; the bytes follow as they
    // are.
    raw_ = ask.bothWays && status < 300;
    co_return status;
  }

  Async<Result<std::string>> read() override {
    const auto self = shared_from_this();
    std::string piece;
    error_code error;
    if (raw_ && buffer_.size() > 0) {
      piece.assign(static_cast<const char*>(buffer_.data().data()), buffer_.size());
      buffer_.consume(buffer_.size());
      co_return piece;
    }
    piece.resize(kPiece);
    if (raw_) {
      const size_t got = co_await socket_.async_read_some(asio::buffer(piece),
                                                          asio::redirect_error(asio::use_awaitable, error));
      piece.resize(got);
      if (!error || error == asio::error::eof) co_return piece;
      co_return broken(error);
    }
    while (!parser_.is_done()) {
      parser_.get().body().data = piece.data();
      parser_.get().body().size = piece.size();
      co_await beast::http::async_read_some(socket_, buffer_, parser_,
                                            asio::redirect_error(asio::use_awaitable, error));
      if (error == beast::http::error::need_buffer) error.clear();
      if (error) co_return broken(error);
      const size_t got = piece.size() - parser_.get().body().size;
      if (got == 0) continue;
      piece.resize(got);
      co_return piece;
    }
    co_return std::string();
  }

  Async<Status> write(std::string bytes) override {
    const auto self = shared_from_this();
    error_code error;
    co_await asio::async_write(socket_, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return broken(error);
    co_return Status();
  }

  void finishWriting() override {
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  }

  void close() override {
    closed_ = true;
    closeSocket();
  }

 private:
  Async<error_code> exchange(const Ask& ask) {
    beast::http::request<beast::http::string_body> request;
    request.method_string(ask.method);
    request.target(ask.target);
    request.version(11);
    request.set(beast::http::field::host, "docker");
    if (!ask.body.empty()) request.set(beast::http::field::content_type, "application/json");
    if (ask.bothWays) {
      request.set(beast::http::field::connection, "Upgrade");
      request.set(beast::http::field::upgrade, "tcp");
    }
    request.body() = ask.body;
    request.prepare_payload();
    error_code error;
    co_await beast::http::async_write(socket_, request, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return error;
    co_await beast::http::async_read_header(socket_, buffer_, parser_,
                                            asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  Error broken(error_code error) const {
    if (closed_) return makeError(Code::Cancelled, "closed");
    return makeError(Code::Unavailable, "the connection with the Docker Engine broke: " + error.message());
  }

  void closeSocket() {
    error_code ignored;
    socket_.close(ignored);
  }

  Local::socket socket_;
  asio::steady_timer limit_;
  beast::flat_buffer buffer_;
  beast::http::response_parser<beast::http::buffer_body> parser_;
  bool raw_ = false;
  bool late_ = false;
  bool closed_ = false;
};

}  // namespace

Async<Result<std::shared_ptr<EngineStream>>> openEngineStream(std::string socket, EngineStream::Ask ask) {
  const Executor executor = co_await asio::this_coro::executor;
  const auto stream = std::make_shared<UnixEngineStream>(executor);
  const Result<int> status = co_await stream->open(std::move(socket), std::move(ask));
  if (!status) co_return status.error();
  if (*status < 400) co_return std::shared_ptr<EngineStream>(stream);
  std::string body;
  while (body.size() < kLongestRefusal) {
    const Result<std::string> piece = co_await stream->read();
    if (!piece || piece->empty()) break;
    body += *piece;
  }
  co_return engineError(*status, docker::errorMessage(*status, body));
}

}  // namespace berth::agent
