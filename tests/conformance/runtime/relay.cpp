#include "tests/conformance/runtime/relay.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "common/async/async.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::conformance {
namespace {

using boost::asio::local::stream_protocol;
using Socket = std::shared_ptr<stream_protocol::socket>;

}  // namespace

struct Relay::State {
  State(boost::asio::io_context& on, std::string to)
      : io(on), target(std::move(to)), acceptor(io, stream_protocol::endpoint(path())) {}

  std::string path() const { return folder.path("relay.sock"); }

  static Async<void> serve(std::shared_ptr<State> self);
  static Async<void> pump(std::shared_ptr<State> self, Socket from, Socket to, bool record);

  boost::asio::io_context& io;
  std::string target;
  TempDir folder;
  stream_protocol::acceptor acceptor;
  std::vector<Socket> open;
  std::string heard;
  bool muted = false;
};

Async<void> Relay::State::serve(std::shared_ptr<State> self) {
  while (true) {
    const auto client = std::make_shared<stream_protocol::socket>(self->io);
    boost::system::error_code error;
    co_await self->acceptor.async_accept(*client,
                                         boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error) co_return;
    const auto engine = std::make_shared<stream_protocol::socket>(self->io);
    engine->connect(stream_protocol::endpoint(self->target), error);
    if (error) continue;
    self->open.push_back(client);
    self->open.push_back(engine);
    boost::asio::co_spawn(
        self->io, [self, client, engine] { return pump(self, client, engine, true); }, boost::asio::detached);
    boost::asio::co_spawn(
        self->io, [self, client, engine] { return pump(self, engine, client, false); },
        boost::asio::detached);
  }
}

Async<void> Relay::State::pump(std::shared_ptr<State> self, Socket from, Socket to, bool record) {
  std::array<char, 16384> chunk;
  boost::system::error_code error;
  while (!error) {
    const size_t count = co_await from->async_read_some(
        boost::asio::buffer(chunk), boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error) break;
    if (record) self->heard.append(chunk.data(), count);
    if (self->muted) continue;
    co_await boost::asio::async_write(*to, boost::asio::buffer(chunk.data(), count),
                                      boost::asio::redirect_error(boost::asio::use_awaitable, error));
  }
  from->close(error);
  to->close(error);
}

Relay::Relay(boost::asio::io_context& io, std::string target)
    : state_(std::make_shared<State>(io, std::move(target))) {
  boost::asio::co_spawn(io, [state = state_] { return State::serve(state); }, boost::asio::detached);
}

Relay::~Relay() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  cut();
}

std::string Relay::endpoint() const { return "unix://" + state_->path(); }

void Relay::cut() {
  boost::system::error_code ignored;
  for (const Socket& socket : state_->open) socket->close(ignored);
  state_->open.clear();
}

void Relay::mute() { state_->muted = true; }

int Relay::asked(const std::string& text) const {
  int count = 0;
  for (size_t at = state_->heard.find(text); at != std::string::npos; at = state_->heard.find(text, at + 1))
    ++count;
  return count;
}

}  // namespace berth::conformance
