#include "controller/server/exec_client.hpp"

#include <deque>
#include <utility>

#include "common/async/event.hpp"
#include "controller/streams/data_channel.hpp"

namespace berth::controller {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(100);
/// As long as a websocket waits for a reader.
constexpr Duration kMostWaiting = std::chrono::minutes(3);

class FramesClient final : public ExecClient {
 public:
  explicit FramesClient(std::shared_ptr<http::WebSocket> socket) : socket_(std::move(socket)) {}

  Async<Result<std::string>> read() override { return socket_->read(); }
  void send(std::string frame) override { socket_->sendBinary(std::move(frame)); }
  Async<bool> drained(size_t bytes) override { return socket_->drained(bytes); }
  void close(uint16_t code, std::string reason, std::string) override {
    socket_->close(code, std::move(reason));
  }
  http::CloseInfo closeInfo() const override { return socket_->closeInfo(); }

 private:
  std::shared_ptr<http::WebSocket> socket_;
};

class PluginClient final : public ExecClient, public std::enable_shared_from_this<PluginClient> {
 public:
  PluginClient(std::shared_ptr<http::WebSocket> socket, std::string session, ExecClientMeans means)
      : socket_(std::move(socket)), means_(means), channel_(std::move(session), means.random) {}

  void begin() {
    deliver(channel_.begin(means_.clock.now()));
    spawn(means_.executor, means_.log, "session of the plugin",
          [weak = weak_from_this(), token = over_.get_token()] { return repeat(weak, token); });
  }
  ~PluginClient() override { over_.request_stop(); }

  Async<Result<std::string>> read() override {
    const auto self = shared_from_this();
    while (frames_.empty()) {
      const auto message = co_await socket_->read();
      if (!message) {
        changed_.set();
        co_return message.error();
      }
      auto out = channel_.received(*message, means_.clock.now());
      if (!out && out.error().code == Code::Cancelled) co_return out.error();
      if (!out) co_return makeError(Code::InvalidArgument, out.error().message);
      deliver(std::move(*out));
      changed_.set();
    }
    std::string frame = std::move(frames_.front());
    frames_.pop_front();
    co_return frame;
  }

  void send(std::string frame) override { deliver(channel_.send(frame, means_.clock.now())); }

  Async<bool> drained(size_t bytes) override {
    const auto self = shared_from_this();
    while (channel_.unacknowledged() > bytes && socket_->closeInfo().code == 0 && !over_.stop_requested()) {
      changed_.reset();
      co_await changed_.wait();
    }
    co_return co_await socket_->drained(bytes);
  }

  void close(uint16_t code, std::string reason, std::string words) override {
    if (over_.stop_requested()) return;
    over_.request_stop();
    socket_->sendBinary(channel_.closing(words, means_.clock.now()));
    socket_->close(code, std::move(reason));
    changed_.set();
  }

  http::CloseInfo closeInfo() const override { return socket_->closeInfo(); }

 private:
  void deliver(DataChannel::Out out) {
    for (std::string& message : out.messages) socket_->sendBinary(std::move(message));
    for (std::string& frame : out.frames) frames_.push_back(std::move(frame));
  }

  static Async<void> repeat(std::weak_ptr<PluginClient> weak, std::stop_token over) {
    while (co_await sleepFor(kLook, over)) {
      const auto self = weak.lock();
      if (!self) co_return;
      const Now now = self->means_.clock.now();
      for (std::string& message : self->channel_.due(now)) self->socket_->sendBinary(std::move(message));
      if (self->channel_.waiting(now) > kMostWaiting)
        self->close(1008, "", "The plugin has not taken the output for 3 minutes.");
    }
  }

  std::shared_ptr<http::WebSocket> socket_;
  ExecClientMeans means_;
  DataChannel channel_;
  std::deque<std::string> frames_;
  Event changed_;
  std::stop_source over_;
};

}  // namespace

std::shared_ptr<ExecClient> framesClient(std::shared_ptr<http::WebSocket> socket) {
  return std::make_shared<FramesClient>(std::move(socket));
}

std::shared_ptr<ExecClient> pluginClient(std::shared_ptr<http::WebSocket> socket, std::string session,
                                         ExecClientMeans means) {
  const auto out = std::make_shared<PluginClient>(std::move(socket), std::move(session), means);
  out->begin();
  return out;
}

}  // namespace berth::controller
