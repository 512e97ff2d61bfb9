// A server whose sockets have a thread of their own.
#pragma once

#include <memory>

#include "common/http/server.hpp"

namespace berth::http {

/// As Server to whoever uses it, who stays on one thread: that of `io`. There the handler is called, and
/// sessions, listeners and bodies are; the websockets they are given are used only there. What the sockets
/// cost (the kernel's TCP, TLS, HTTP and frames) is spent on the other thread.
class ServerThread {
 public:
  /// `handler`, `log` and `io` must outlive it; `options.errorResponse` is called on the other thread.
  ServerThread(boost::asio::io_context& io, ServerOptions options, Handler& handler, Log& log);
  /// As Server's: after stop() there is nothing left to close.
  ~ServerThread();
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;

  /// As those of Server.
  Result<void> start();
  Result<void> reloadTls();
  uint16_t port() const;
  Async<void> stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::http
