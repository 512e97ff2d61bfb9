// Sockets of the fleet simulator: thousands of them in one thread, at the least cost that a load generator on
// the machine of what it measures can have. HTTP/1.1 requests on kept connections and websockets, both
// without TLS, and only as much of either protocol as Berth's controller speaks.
#pragma once

#include <netinet/in.h>

#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace berth::fleet {

/// What is told of a file descriptor that can be read, written, or has failed.
class Watched {
 public:
  virtual ~Watched() = default;
  virtual void onEvents(uint32_t events) = 0;
};

/// epoll, level-triggered.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  void watch(int fd, uint32_t events, Watched& watched);
  void change(int fd, uint32_t events, Watched& watched);
  /// Waits at most this long for something to happen, and tells it.
  void step(int milliseconds);

 private:
  int fd_;
};

/// A connection to the server. Nothing is told any more once it is closed.
class Channel : public Watched {
 public:
  Channel(Poller& poller, const sockaddr_in& server) : poller_(poller), server_(server) {}
  ~Channel() override { close(); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  bool isOpen() const { return fd_ >= 0; }
  void close();

 protected:
  /// Begins to connect from 127.1.x.y, one of many addresses: ports of one would not do for a large fleet.
  void open(uint32_t source);
  void write(std::string_view bytes);
  /// More bytes are in input(); what has been taken is dropped by consume().
  virtual void onInput() = 0;
  /// The other side has closed, or the connection has failed; it is closed already.
  virtual void onEnd() = 0;

  std::string_view input() const { return std::string_view(in_).substr(taken_); }
  void consume(size_t bytes);

 private:
  void onEvents(uint32_t events) override;
  void flush();
  void fail();

  Poller& poller_;
  const sockaddr_in server_;
  int fd_ = -1;
  bool wantsWrite_ = false;
  bool inInput_ = false;  ///< what is written goes out together when all that came has been seen
  std::string in_;
  size_t taken_ = 0;
  std::string out_;
};

/// Requests one after another on a connection that is kept, and opened anew when it was closed.
class HttpChannel : private Channel {
 public:
  /// `status` 0: the connection ended before the answer.
  using Done = std::function<void(int status, std::string_view body)>;

  HttpChannel(Poller& poller, const sockaddr_in& server, uint32_t source)
      : Channel(poller, server), source_(source) {}

  /// `make` writes the request at the time it is sent, as a signature is dated.
  void request(std::function<std::string()> make, Done done);
  size_t waiting() const { return queue_.size(); }
  using Channel::close;

 private:
  struct Call {
    std::function<std::string()> make;
    Done done;
  };
  void next();
  void onInput() override;
  void onEnd() override;

  const uint32_t source_;
  std::deque<Call> queue_;
  bool busy_ = false;
};

class WebSocketChannel : private Channel {
 public:
  struct Events {
    std::function<void()> open;
    std::function<void(std::string_view)> message;
    std::function<void()> end;  ///< also when the upgrade was refused
  };

  WebSocketChannel(Poller& poller, const sockaddr_in& server, uint32_t source, Events events)
      : Channel(poller, server), source_(source), events_(std::move(events)) {}

  /// `upgrade`: the whole request of the handshake.
  void connect(const std::string& upgrade);
  void send(std::string_view text);
  bool ready() const { return upgraded_; }
  /// The server has agreed to take reports.
  bool takesReports() const { return upgraded_ && takesReports_; }
  using Channel::close;

 private:
  void onInput() override;
  void onEnd() override;
  bool takeUpgrade();
  bool takeFrame();

  const uint32_t source_;
  const Events events_;
  bool upgraded_ = false;
  bool takesReports_ = false;
};

}  // namespace berth::fleet
