// Private to common/http: exchanges of HTTP/1.1 with a server on a unix socket.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "common/http/client.hpp"
#include "common/http/stream.hpp"

namespace berth::http {

/// A unix socket has no name to resolve, no TLS and no proxy: little is left there of what libcurl is for,
/// and its bookkeeping was most of what an exchange cost. All on one loop.
class UnixCalls : public std::enable_shared_from_this<UnixCalls> {
 public:
  UnixCalls(boost::asio::io_context& io, const ClientOptions& options);

  /// Whether a call is one of these: on a unix socket, in HTTP/1.1 without TLS, with a body that is at hand.
  static bool takes(const Call& call);

  /// As Client::fetch.
  static Async<Result<Response>> fetch(std::shared_ptr<UnixCalls> self, Call call, std::stop_token stop);

  /// Ends every exchange with Cancelled, and closes all connections.
  void shutdown();

 private:
  class Exchange;
  struct Idle {
    std::string path;
    PlainStream socket;
  };

  /// A connection that was kept, and that the server has not closed meanwhile.
  std::optional<PlainStream> kept(const std::string& path);
  void keep(std::string path, PlainStream socket);

  boost::asio::io_context& io_;
  const std::string userAgent_;
  const size_t mostIdle_;
  std::list<Idle> idle_;  ///< the one that was used last at the end
  std::set<Exchange*> running_;
  bool shut_ = false;
};

}  // namespace berth::http
