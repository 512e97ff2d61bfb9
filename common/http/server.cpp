#include "common/http/server.hpp"

#include <openssl/ssl.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "common/http/connection.hpp"
#include "common/http/listener.hpp"

namespace berth::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Between two attempts to accept when the process has no descriptor left.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

Result<std::unique_ptr<asio::ssl::context>> makeContext(const TlsFiles& files) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code error;
  context->use_certificate_chain_file(files.certFile, error);
  if (error) {
    return makeError(Code::InvalidArgument,
                     "can't use the TLS certificate " + files.certFile + ": " + error.message());
  }
  context->use_private_key_file(files.keyFile, asio::ssl::context::pem, error);
  if (error) {
    return makeError(Code::InvalidArgument,
                     "can't use the TLS key " + files.keyFile + ": " + error.message());
  }
  return context;
}

}  // namespace

Response ServerShared::errorResponse(int status, std::string message) const {
  if (options.errorResponse) return options.errorResponse(status, std::move(message));
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = nlohmann::json{{"message", std::move(message)}}.dump();
  return response;
}

Async<Answer> Handler::answer(ServerRequest request) { co_return co_await handle(std::move(request)); }

Async<UpgradeDecision> Handler::upgrade(ServerRequest) {
  Response refusal;
  refusal.status = 404;
  refusal.headers.add("Content-Type", "application/json");
  refusal.body = R"({"message":"there is no websocket here"})";
  co_return refusal;
}

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(asio::io_context& io, ServerOptions options, Handler& handler, Log& log)
      : executor_(io.get_executor()),
        shared_(std::make_shared<ServerShared>(ServerShared{std::move(options), handler, log, {}, {}})) {}

  Result<void> start() {
    if (Result<void> read = reloadTls(); !read) return read;
    Result<Listener> listener = listenOn(executor_, shared_->options.listen);
    if (!listener) return listener.error();
    listener_.emplace(std::move(*listener));
    spawn(executor_, shared_->log, "http accept",
          [self = shared_from_this(), pass = shared_->gate.enter()] { return self->acceptLoop(); });
    return {};
  }

  /// Streams keep what they need of the context that they were made with.
  Result<void> reloadTls() {
    if (!shared_->options.tls) return {};
    Result<std::unique_ptr<asio::ssl::context>> context = makeContext(*shared_->options.tls);
    if (!context) return context.error();
    tls_ = std::shared_ptr<asio::ssl::context>(std::move(*context));
    return {};
  }

  uint16_t port() const { return listener_ ? listener_->port : 0; }

  void closeListener() {
    shared_->gate.shut();
    if (!listener_ || !listener_->acceptor.is_open()) return;
    error_code ignored;
    listener_->acceptor.close(ignored);
    if (!listener_->socketPath.empty()) unlink(listener_->socketPath.c_str());
  }

  void abort() {
    closeListener();
    for (OpenConnection* connection : shared_->open) connection->abort();
  }

  Async<void> stop() {
    const auto self = shared_from_this();
    closeListener();
    for (OpenConnection* connection : shared_->open) connection->stop();
    co_await shared_->gate.close();
  }

 private:
  Async<void> acceptLoop() {
    while (listener_->acceptor.is_open()) {
      error_code error;
      auto socket =
          co_await listener_->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (!listener_->acceptor.is_open()) break;
      if (error) {
        shared_->log.warn("can't accept a connection",
                          {{"listen", shared_->options.listen}, {"error", error.message()}});
        co_await sleepFor(kAcceptPause);
        continue;
      }
      serve(std::move(socket));
    }
  }

  void serve(PlainStream socket) {
    error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error) return;
    std::string remote = describePeer(peer);
    if (shared_->open.size() >= shared_->options.maxConnections) {
      shared_->log.warn("connection closed: too many are open",
                        {{"remote", remote}, {"limit", shared_->options.maxConnections}});
      return;
    }
    if (listener_->port != 0) socket.set_option(asio::ip::tcp::no_delay(true), error);
    auto pass = shared_->gate.enter();
    if (const auto tls = tls_.load()) {
      spawnConnection(std::move(pass), TlsStream(std::move(socket), *tls), std::move(remote));
    } else {
      spawnConnection(std::move(pass), std::move(socket), std::move(remote));
    }
  }

  template <class Stream>
  void spawnConnection(std::optional<Gate::Pass> pass, Stream stream, std::string remote) {
    spawn(executor_, shared_->log, "http connection",
          [shared = shared_, pass = std::move(pass), stream = std::move(stream),
           remote = std::move(remote)]() mutable {
            return serveConnection(std::move(shared), std::move(stream), std::move(remote));
          });
  }

  LoopExecutor executor_;
  std::shared_ptr<ServerShared> shared_;
  std::atomic<std::shared_ptr<asio::ssl::context>> tls_;  ///< another thread may have read it again
  std::optional<Listener> listener_;
};

Server::Server(asio::io_context& io, ServerOptions options, Handler& handler, Log& log)
    : impl_(std::make_shared<Impl>(io, std::move(options), handler, log)) {}

Server::~Server() { impl_->abort(); }

Result<void> Server::start() { return impl_->start(); }

Result<void> Server::reloadTls() { return impl_->reloadTls(); }

uint16_t Server::port() const { return impl_->port(); }

Async<void> Server::stop() { return impl_->stop(); }

}  // namespace berth::http
