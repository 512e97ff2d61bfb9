#include "common/http/client.hpp"

#include <boost/asio/this_coro.hpp>

#include "common/async/event.hpp"
#include "common/http/curl_loop.hpp"
#include "common/http/stream.hpp"
#include "common/http/transfer.hpp"
#include "common/http/unix_calls.hpp"

namespace berth::http {

class Client::Impl {
 public:
  Impl(boost::asio::io_context& io, ClientOptions options)
      : options_(std::move(options)),
        loop_(std::make_shared<CurlLoop>(io, static_cast<long>(options_.maxConnections),
                                         static_cast<long>(options_.maxIdle))),
        unix_(std::make_shared<UnixCalls>(io, options_)) {}

  static Async<Result<Response>> fetch(std::shared_ptr<Impl> self, Call call, std::stop_token stop);

  const std::shared_ptr<UnixCalls>& unixCalls() const { return unix_; }
  void shutdown() {
    loop_->shutdown();
    unix_->shutdown();
  }

 private:
  ClientOptions options_;
  std::shared_ptr<CurlLoop> loop_;
  std::shared_ptr<UnixCalls> unix_;
};

Async<Result<Response>> Client::Impl::fetch(std::shared_ptr<Impl> self, Call call, std::stop_token stop) {
  Result<std::unique_ptr<Transfer>> made = Transfer::make(self->options_, std::move(call));
  if (!made) co_return made.error();
  Transfer& transfer = **made;
  if (stop.stop_requested()) co_return transfer.failure(Code::Cancelled, "stopped before it was sent");

  std::optional<CURLcode> ended;
  Event wake;
  const Duration inactivity = transfer.call().inactivity;
  Deadline silence(co_await boost::asio::this_coro::executor, [&wake] { wake.set(); });
  silence.expireIn(inactivity);
  transfer.onMove([&silence, inactivity] { silence.expireIn(inactivity); });
  /// Ends the transfer with this frame, also when the frame is destroyed while it waits.
  /// After what curl's callbacks use: the removal may still call them.
  struct Registration {
    CurlLoop& loop;
    CURL* easy;
    ~Registration() { loop.remove(easy); }
  };
  const Registration registration{*self->loop_, transfer.handle()};
  const bool added = self->loop_->add(transfer.handle(), [&ended, &wake](CURLcode code) {
    ended = code;
    wake.set();
  });
  if (!added) co_return transfer.failure(Code::Cancelled, "the client is closed");

  // The stop may come from inside a callback of curl: it only wakes this coroutine.
  const std::stop_callback onStop(stop, [&wake] { wake.set(); });
  co_await wake.wait();
  if (!ended && silence.expired()) {
    co_return transfer.failure(Code::DeadlineExceeded,
                               "no byte in either direction for " + formatDuration(inactivity));
  }
  if (!ended) co_return transfer.failure(Code::Cancelled, "stopped");
  co_return transfer.result(*ended);
}

Client::Client(boost::asio::io_context& io, ClientOptions options)
    : impl_(std::make_shared<Impl>(io, std::move(options))) {}

Client::~Client() { impl_->shutdown(); }

Async<Result<Response>> Client::fetch(Call call, std::stop_token stop) {
  if (UnixCalls::takes(call)) {
    return UnixCalls::fetch(impl_->unixCalls(), std::move(call), std::move(stop));
  }
  return Impl::fetch(impl_, std::move(call), std::move(stop));
}

}  // namespace berth::http
