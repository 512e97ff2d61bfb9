#include "agent/sinks/log_sink.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace berth::agent::sinks {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Over any protocol of sockets, which is one of streams or of datagrams.
template <class Protocol>
class SocketSink final : public LogSink, public std::enable_shared_from_this<SocketSink<Protocol>> {
 public:
  SocketSink(Executor executor, SinkPlan plan)
      : plan_(std::move(plan)), socket_(executor), resolver_(executor), limit_(executor) {}

  Async<Result<size_t>> send(std::vector<streams::LogLine> lines, Duration limit) override {
    const auto self = this->shared_from_this();
    late_ = false;
    tooLong_ = 0;
    limit_.expires_after(limit);
    limit_.async_wait([weak = this->weak_from_this()](error_code fault) {
      const auto still = weak.lock();
      if (fault || !still) return;
      still->late_ = true;
      still->drop();
    });
    error_code fault;
    if (!socket_.is_open()) co_await connect(fault);
    if (!fault) co_await pass(lines, fault);
    limit_.cancel();
    if (!fault && !late_) co_return tooLong_;
    drop();
    if (late_) co_return makeError(Code::DeadlineExceeded, "it took nothing within " + formatDuration(limit));
    co_return makeError(Code::Unavailable, fault.message());
  }

  size_t open(const std::vector<streams::LogLine>&) const override { return 0; }
  Appetite appetite() const override { return {}; }

 private:
  static constexpr bool kLocal = std::is_same_v<Protocol, asio::local::stream_protocol> ||
                                 std::is_same_v<Protocol, asio::local::datagram_protocol>;
  static constexpr bool kStream =
      std::is_same_v<Protocol, asio::local::stream_protocol> || std::is_same_v<Protocol, asio::ip::tcp>;
  // Local addresses are not looked up.
  using Resolver = typename std::conditional_t<kLocal, asio::ip::tcp, Protocol>::resolver;

  Async<void> connect(error_code& fault) {
    if constexpr (kLocal) {
      co_await socket_.async_connect(typename Protocol::endpoint(plan_.address.host),
                                     asio::redirect_error(asio::use_awaitable, fault));
    } else {
      const auto found = co_await resolver_.async_resolve(plan_.address.host, plan_.address.port,
                                                          asio::redirect_error(asio::use_awaitable, fault));
      if (!fault)
        co_await asio::async_connect(socket_, found, asio::redirect_error(asio::use_awaitable, fault));
    }
  }

  Async<void> pass(const std::vector<streams::LogLine>& lines, error_code& fault) {
    if constexpr (kStream) {
      std::string all;
      if (plan_.driver == "fluentd") {
        all = fluentdMessage(plan_, lines);
      } else {
        for (const std::string& message : syslogMessages(plan_, lines)) all += message;
      }
      co_await asio::async_write(socket_, asio::buffer(all),
                                 asio::redirect_error(asio::use_awaitable, fault));
    } else {
      const bool journal = plan_.driver == "journald";
      const auto messages = journal ? journalMessages(plan_, lines) : syslogMessages(plan_, lines);
      for (const std::string& message : messages) {
        co_await socket_.async_send(asio::buffer(message), asio::redirect_error(asio::use_awaitable, fault));
        // Longer than a datagram can be: no later try would change that.
        if (fault == asio::error::message_size) {
          fault.clear();
          ++tooLong_;
        }
        if (fault) co_return;
      }
    }
  }

  void drop() {
    error_code ignored;
    resolver_.cancel();
    socket_.close(ignored);
  }

  SinkPlan plan_;
  typename Protocol::socket socket_;
  Resolver resolver_;
  asio::steady_timer limit_;
  bool late_ = false;
  size_t tooLong_ = 0;  ///< lines of this send
};

template <class Protocol>
std::shared_ptr<LogSink> sinkOver(Executor executor, SinkPlan plan) {
  return std::make_shared<SocketSink<Protocol>>(std::move(executor), std::move(plan));
}

}  // namespace

std::shared_ptr<LogSink> makeSink(Executor executor, SinkPlan plan) {
  const std::string protocol = plan.address.protocol;
  if (protocol == "unixgram")
    return sinkOver<asio::local::datagram_protocol>(std::move(executor), std::move(plan));
  if (protocol == "unix") return sinkOver<asio::local::stream_protocol>(std::move(executor), std::move(plan));
  if (protocol == "udp") return sinkOver<asio::ip::udp>(std::move(executor), std::move(plan));
  return sinkOver<asio::ip::tcp>(std::move(executor), std::move(plan));
}

}  // namespace berth::agent::sinks
