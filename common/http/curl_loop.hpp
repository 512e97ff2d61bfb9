// Private to common/http: drives a libcurl multi handle from an io_context.
#pragma once

#include <utility>

#include <curl/curl.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <unordered_map>

namespace berth::http {

/// curl makes and closes its sockets itself (TCP, unix, its resolver's); this only waits for them. Each is
/// lent to a stream_descriptor while curl wants to hear of it, and released before curl closes it.
/// Source: libcurl-multi(3), "MULTI_SOCKET"; CURLMOPT_SOCKETFUNCTION(3); CURLMOPT_TIMERFUNCTION(3).
class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
 public:
  /// Called when a transfer has ended, never from inside one of curl's callbacks.
  using Done = std::function<void(CURLcode)>;

  CurlLoop(boost::asio::io_context& io, long maxConnections, long maxIdle);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  /// Starts a transfer; the handle stays the caller's and must live until `done` or remove(). False when the
  /// loop is shut down.
  bool add(CURL* easy, Done done);
  /// Ends a transfer without calling its `done`. Not from inside a callback of curl.
  void remove(CURL* easy);
  /// Ends every transfer (CURLE_ABORTED_BY_CALLBACK), and closes all connections. Not from inside a callback.
  void shutdown();

 private:
  struct Watch {
    explicit Watch(boost::asio::io_context& io) : descriptor(io) {}
    boost::asio::posix::stream_descriptor descriptor;
    int wanted = CURL_POLL_NONE;
    bool waitingIn = false;
    bool waitingOut = false;
    bool released = false;
  };

  static int onSocket(CURL* easy, curl_socket_t socket, int wanted, void* self, void* known);
  static int onTimer(CURLM* multi, long millis, void* self);

  void watch(curl_socket_t socket, int wanted);
  void unwatch(curl_socket_t socket);
  void wait(const std::shared_ptr<Watch>& watched, int direction);
  void act(curl_socket_t socket, int events);

  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watched_;
  std::unordered_map<CURL*, Done> transfers_;
  CURLM* multi_ = nullptr;
};

}  // namespace berth::http
