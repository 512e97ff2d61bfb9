// Private to common/http: the stream types that protocol code is instantiated for, and time limits on them.
#pragma once

#include <utility>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "common/async/async.hpp"

namespace berth::http {

/// The loop's own: with an executor that may be any, each handler is wrapped up and queued once more.
using LoopExecutor = boost::asio::io_context::executor_type;
/// TCP and unix sockets alike.
using PlainStream = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, LoopExecutor>;
using TlsStream = boost::asio::ssl::stream<PlainStream>;

inline PlainStream& socketOf(PlainStream& stream) { return stream; }
inline PlainStream& socketOf(TlsStream& stream) { return stream.next_layer(); }

/// Ends every operation on the stream with an error.
template <class Stream>
void closeSocket(Stream& stream) {
  boost::system::error_code ignored;
  socketOf(stream).close(ignored);
}

/// Calls a function when a time limit passes; the function usually closes a stream, which ends what waits
/// on it. Moving the limit later costs no timer operation.
class Deadline {
 public:
  Deadline(Executor executor, std::function<void()> expire);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  /// Replaces the limit; zero clears it.
  void expireIn(Duration duration);
  void expireAt(std::chrono::steady_clock::time_point time);
  void clear();
  /// A limit has passed.
  bool expired() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::http
