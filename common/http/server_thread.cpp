#include "common/http/server_thread.hpp"

#include <pthread.h>

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <thread>

#include "common/http/relay.hpp"

namespace berth::http {

struct ServerThread::Impl {
  Impl(boost::asio::io_context& home, ServerOptions options, Handler& handler, Log& log)
      : sides(std::make_shared<Sides>(home, log)),
        relay(sides, handler),
        server(std::in_place, sides->serverIo, std::move(options), relay, log) {}

  std::shared_ptr<Sides> sides;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      sides->serverIo.get_executor()};
  Relay relay;
  std::optional<Server> server;
  std::thread thread;
};

ServerThread::ServerThread(boost::asio::io_context& io, ServerOptions options, Handler& handler, Log& log)
    : impl_(std::make_unique<Impl>(io, std::move(options), handler, log)) {}

ServerThread::~ServerThread() {
  boost::asio::io_context& io = impl_->sides->serverIo;
  impl_->sides->home->shut();
  io.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  // What is still open is closed, and what waited for it ends: it keeps the loop that it waits on.
  impl_->server.reset();
  impl_->work.reset();
  impl_->sides->server->flush();
  io.restart();
  io.poll();
}

Result<void> ServerThread::start() {
  Result<void> started = impl_->server->start();
  if (!started) return started;
  impl_->thread = std::thread([&io = impl_->sides->serverIo] { io.run(); });
  pthread_setname_np(impl_->thread.native_handle(), "sockets");
  return {};
}

Result<void> ServerThread::reloadTls() { return impl_->server->reloadTls(); }

uint16_t ServerThread::port() const { return impl_->server->port(); }

Async<void> ServerThread::stop() {
  if (!impl_->thread.joinable()) co_return;
  impl_->sides->server->flush();
  const auto stopped = [&server = *impl_->server]() -> Async<void> { co_await server.stop(); };
  co_await boost::asio::co_spawn(impl_->sides->serverIo, stopped, boost::asio::use_awaitable);
}

}  // namespace berth::http
