#include "controller/server/dns_server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <unordered_map>
#include <utility>

#include "common/async/async.hpp"
#include "common/text/number.hpp"

namespace berth::controller {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

/// No question comes near: a name has 255 bytes, and options are few.
constexpr size_t kLongestQuestion = 4096;
constexpr Duration kPause = std::chrono::milliseconds(10);
/// Free ports that are tried until one is free for UDP and TCP alike.
constexpr int kTries = 20;

Error badListen(const std::string& listen) {
  return makeError(Code::InvalidArgument, "discovery.listen \"" + listen +
                                              "\" must be IPv4:port or [IPv6]:port, like 127.0.0.1:5353");
}

Result<tcp::endpoint> parseListen(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return badListen(listen);
  std::string host = listen.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  const auto port = parseNumber<uint16_t>(std::string_view(listen).substr(colon + 1));
  if (error || !port || address.is_v6() != bracketed) return badListen(listen);
  return tcp::endpoint(address, *port);
}

std::string_view textOf(const char* data, size_t size) { return {data, size}; }

/// A connection is closed when its time is over, whatever it waits for.
struct Peer {
  explicit Peer(tcp::socket connected) : socket(std::move(connected)), timer(socket.get_executor()) {}

  void giveTime(Duration time, const std::shared_ptr<Peer>& self) {
    timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
    timer.async_wait([weak = std::weak_ptr(self)](error_code fault) {
      const auto peer = weak.lock();
      error_code ignored;
      if (!fault && peer) peer->socket.close(ignored);
    });
  }

  tcp::socket socket;
  asio::steady_timer timer;
};

}  // namespace

class DnsServer::Impl : public std::enable_shared_from_this<DnsServer::Impl> {
 public:
  Impl(DnsServerOptions options, DnsServerDeps deps)
      : options_(std::move(options)),
        deps_(std::move(deps)),
        udp_(deps_.io),
        acceptor_(deps_.io),
        byUdp_(deps_.metrics.counter("berth_dns_questions_total", "questions of DNS", {{"by", "udp"}})),
        byTcp_(deps_.metrics.counter("berth_dns_questions_total", "questions of DNS", {{"by", "tcp"}})),
        unsent_(deps_.metrics.counter("berth_dns_unsent_total", "answers that were not sent or not made")) {}

  Status start() {
    const auto wanted = parseListen(options_.listen);
    if (!wanted) return wanted.error();
    error_code error;
    for (int i = 0; i < (wanted->port() == 0 ? kTries : 1); ++i) {
      error = bindBoth(*wanted);
      if (!error) break;
    }
    if (error)
      return makeError(Code::FailedPrecondition,
                       "can't listen on discovery.listen " + options_.listen + ": " + error.message());
    const auto self = shared_from_this();
    spawn(deps_.io.get_executor(), deps_.log, "dns by udp", [self] { return self->serveUdp(self); });
    spawn(deps_.io.get_executor(), deps_.log, "dns by tcp", [self] { return self->acceptAll(self); });
    return {};
  }

  uint16_t port() const { return port_; }

  void close() {
    closed_ = true;
    error_code ignored;
    udp_.close(ignored);
    acceptor_.close(ignored);
    for (const auto& [id, weak] : peers_) {
      if (const auto peer = weak.lock()) peer->socket.close(ignored);
    }
  }

 private:
  error_code bindBoth(const tcp::endpoint& wanted) {
    error_code error;
    acceptor_.close(error);
    udp_.close(error);
    acceptor_.open(wanted.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(wanted, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return error;
    port_ = acceptor_.local_endpoint(error).port();
    const udp::endpoint both(wanted.address(), port_);
    udp_.open(both.protocol(), error);
    if (!error) udp_.bind(both, error);
    if (!error) udp_.non_blocking(true, error);
    return error;
  }

  /// The answer is sent at once or not at all: nothing waits here.
  Async<void> serveUdp(std::shared_ptr<Impl> self) {
    std::array<char, kLongestQuestion> buffer{};
    udp::endpoint from;
    while (!self->closed_) {
      error_code error;
      const size_t size = co_await self->udp_.async_receive_from(
          asio::buffer(buffer), from, asio::redirect_error(asio::use_awaitable, error));
      if (self->closed_) break;
      if (error) {
        co_await sleepFor(kPause);
        continue;
      }
      self->byUdp_.add();
      const std::string answer = self->answered(textOf(buffer.data(), size), false);
      if (!answer.empty()) self->udp_.send_to(asio::buffer(answer), from, 0, error);
      if (answer.empty() || error) self->unsent_.add();
      while (!self->closed_ && self->hasToWait()) co_await sleepFor(kPause);
    }
  }

  Async<void> acceptAll(std::shared_ptr<Impl> self) {
    while (!self->closed_) {
      error_code error;
      tcp::socket socket =
          co_await self->acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (self->closed_) break;
      if (error) {
        co_await sleepFor(kPause);
        continue;
      }
      if (self->peers_.size() >= self->options_.maxConnections) continue;
      const auto peer = std::make_shared<Peer>(std::move(socket));
      const uint64_t id = ++self->lastPeer_;
      self->peers_.emplace(id, peer);
      spawn(self->deps_.io.get_executor(), self->deps_.log, "dns connection",
            [self, peer, id]() -> Async<void> {
              co_await self->serve(self, peer);
              self->peers_.erase(id);
            });
    }
  }

  /// Questions of one connection, one after the other, each with its length in front.
  Async<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Peer> peer) {
    std::array<unsigned char, 2> head{};
    std::string message;
    while (!self->closed_) {
      peer->giveTime(self->options_.patience, peer);
      error_code error;
      co_await asio::async_read(peer->socket, asio::buffer(head),
                                asio::redirect_error(asio::use_awaitable, error));
      const auto size = static_cast<size_t>(head[0]) << 8U | head[1];
      if (error || size == 0 || size > kLongestQuestion) break;
      message.resize(size);
      co_await asio::async_read(peer->socket, asio::buffer(message),
                                asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      while (!self->closed_ && self->hasToWait()) co_await sleepFor(kPause);
      self->byTcp_.add();
      std::string answer = self->answered(message, true);
      if (answer.empty()) break;
      answer.insert(0, {static_cast<char>(answer.size() >> 8U), static_cast<char>(answer.size() & 0xffU)});
      peer->giveTime(self->options_.patience, peer);
      co_await asio::async_write(peer->socket, asio::buffer(answer),
                                 asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
    }
    peer->timer.cancel();
  }

  /// Answers, and charges the time that it takes.
  std::string answered(std::string_view message, bool byTcp) {
    const MonoTime begun = deps_.clock.now().mono;
    std::string out = deps_.answer(message, byTcp);
    const Duration spent = deps_.clock.now().mono - begun;
    paidUntil_ = std::max(paidUntil_, begun - options_.burst) +
                 std::chrono::duration_cast<Duration>(spent / options_.share);
    return out;
  }
  bool hasToWait() const { return paidUntil_ > deps_.clock.now().mono; }

  DnsServerOptions options_;
  DnsServerDeps deps_;
  udp::socket udp_;
  tcp::acceptor acceptor_;
  Counter& byUdp_;
  Counter& byTcp_;
  Counter& unsent_;
  MonoTime paidUntil_;  ///< when all answers so far will have been their share of the time
  std::unordered_map<uint64_t, std::weak_ptr<Peer>> peers_;
  uint64_t lastPeer_ = 0;
  uint16_t port_ = 0;
  bool closed_ = false;
};

DnsServer::DnsServer(DnsServerOptions options, DnsServerDeps deps)
    : impl_(std::make_shared<Impl>(std::move(options), std::move(deps))) {}

DnsServer::~DnsServer() { impl_->close(); }

Status DnsServer::start() { return impl_->start(); }

uint16_t DnsServer::port() const { return impl_->port(); }

}  // namespace berth::controller
