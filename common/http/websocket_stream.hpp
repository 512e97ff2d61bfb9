// Private to common/http: WebSocket as a template on the stream below it.
#pragma once

#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <list>
#include <memory>
#include <string>

#include "common/async/event.hpp"
#include "common/http/stream.hpp"
#include "common/http/websocket.hpp"

namespace berth::http {

/// The code that a failed read stands for.
uint16_t closeCodeOf(boost::system::error_code error);
std::string describeReadFailure(boost::system::error_code error, const WebSocketOptions& options);
/// At most 123 bytes, as a close frame can carry, cut at a character.
std::string cutReason(std::string reason);

/// Life: open, then closing (close() was called, or the other side's close frame came), then ended: the
/// socket is closed and `done_` set. end() is the only way there.
template <class Stream>
class WebSocketStream final : public WebSocket, public std::enable_shared_from_this<WebSocketStream<Stream>> {
 public:
  using Ws = boost::beast::websocket::stream<Stream, false>;

  WebSocketStream(Stream stream, WebSocketOptions options)
      : options_(options),
        ws_(std::move(stream)),
        readLimit_(ws_.get_executor(),
                   [this] { end(1006, "no message within " + formatDuration(options_.readDeadline)); }),
        writeLimit_(ws_.get_executor(),
                    [this] {
                      end(1006,
                          "a message could not be sent within " + formatDuration(options_.writeDeadline));
                    }),
        closeLimit_(ws_.get_executor(), [this] { end(1006, "the time limit of the handshake passed"); }) {
    ws_.read_message_max(options_.maxMessage);
    ws_.auto_fragment(false);
    ws_.text(true);
    ws_.control_callback([this](boost::beast::websocket::frame_type kind, boost::beast::string_view) {
      if (kind == boost::beast::websocket::frame_type::close) onCloseFrame();
    });
  }

  Ws& stream() { return ws_; }
  /// Ends the socket when the opening handshake takes longer; zero when it is done.
  void limitHandshake(Duration duration) { closeLimit_.expireIn(duration); }
  bool handshakeTimedOut() const { return closeLimit_.expired(); }
  /// Until the socket is closed.
  Async<void> ended() { co_await done_.wait(); }

  Async<Result<std::string>> read() override {
    const auto self = this->shared_from_this();
    if (ended_) co_return closedError();
    std::string message;
    auto buffer = boost::asio::dynamic_buffer(message);
    boost::system::error_code error;
    readLimit_.expireIn(options_.readDeadline);
    co_await ws_.async_read(buffer, boost::asio::redirect_error(boost::asio::use_awaitable, error));
    readLimit_.clear();
    if (!error) co_return message;
    if (closing_ && !peerClosed_) {
      co_await done_.wait();
    } else {
      end(closeCodeOf(error), describeReadFailure(error, options_));
    }
    co_return closedError();
  }

  void send(std::string text) override { queue(std::move(text), false); }
  void sendBinary(std::string bytes) override { queue(std::move(bytes), true); }

  Async<bool> drained(size_t bytes) override {
    const auto self = this->shared_from_this();
    while (!closed() && queuedBytes_ > bytes) {
      if (!drain_) drain_ = std::make_unique<Event>();
      drain_->reset();
      co_await drain_->wait();
    }
    co_return !closed();
  }

  void close(uint16_t code, std::string reason) override {
    if (closed()) return;
    closing_ = true;
    info_.code = code;
    info_.reason = cutReason(std::move(reason));
    closeLimit_.expireIn(options_.closeDeadline);
    wakeDrain();
    if (!writing_) sendClose();
  }

  CloseInfo closeInfo() const override { return info_; }

 private:
  struct Message {
    std::string content;
    bool binary = false;
  };

  bool closed() const { return closing_ || peerClosed_ || ended_; }

  void queue(std::string content, bool binary) {
    if (closed()) return;
    queuedBytes_ += content.size();
    if (queuedBytes_ > options_.maxQueued) {
      return end(1006, "more than " + std::to_string(options_.maxQueued) + " bytes wait to be sent");
    }
    queue_.push_back({std::move(content), binary});
    if (!writing_) writeNext();
  }

  void writeNext() {
    if (queue_.empty()) {
      writing_ = false;
      writeLimit_.clear();
      if (closing_) sendClose();
      return;
    }
    writing_ = true;
    writeLimit_.expireIn(options_.writeDeadline);
    ws_.binary(queue_.front().binary);
    ws_.async_write(boost::asio::buffer(queue_.front().content),
                    [self = this->shared_from_this()](boost::system::error_code error, size_t) {
                      self->onWritten(error);
                    });
  }

  void onWritten(boost::system::error_code error) {
    if (ended_) return queue_.clear();
    // After the other side's close frame the pending read ends the socket.
    if (error && peerClosed_) return;
    if (error) return end(1006, "sending failed: " + error.message());
    queuedBytes_ -= queue_.front().content.size();
    queue_.pop_front();
    wakeDrain();
    writeNext();
  }

  void sendClose() {
    if (peerClosed_) return;
    boost::beast::websocket::close_reason reason;
    reason.code = info_.code;
    reason.reason = boost::beast::string_view(info_.reason.data(), info_.reason.size());
    ws_.async_close(reason, [self = this->shared_from_this()](boost::system::error_code error) {
      if (!error) self->info_.clean = true;
      self->end(1006, error.message());
    });
  }

  /// Beast answers the frame by itself, and then waits for the other side to close the connection.
  void onCloseFrame() {
    peerClosed_ = true;
    if (info_.code == 0) {
      info_.code = ws_.reason().code == 0 ? uint16_t{1005} : ws_.reason().code;
      info_.reason.assign(ws_.reason().reason.data(), ws_.reason().reason.size());
    }
    info_.clean = true;
    closeLimit_.expireIn(options_.closeDeadline);
    wakeDrain();
  }

  /// Closes the socket. The code and reason count only when none were set before. A message that is being
  /// written stays in the queue until the operation has ended.
  void end(uint16_t code, std::string reason) {
    if (ended_) return;
    ended_ = true;
    if (info_.code == 0) {
      info_.code = code;
      info_.reason = std::move(reason);
    }
    readLimit_.clear();
    writeLimit_.clear();
    closeLimit_.clear();
    closeSocket(ws_.next_layer());
    wakeDrain();
    done_.set();
  }

  void wakeDrain() {
    if (drain_) drain_->set();
  }

  Error closedError() const {
    return makeError(Code::Unavailable, "the websocket is closed (" + std::to_string(info_.code) + "): " +
                                            (info_.reason.empty() ? "no reason given" : info_.reason));
  }

  WebSocketOptions options_;
  Ws ws_;
  Deadline readLimit_;
  Deadline writeLimit_;
  Deadline closeLimit_;       ///< of both handshakes
  std::list<Message> queue_;  ///< a deque would keep half a kilobyte for nothing
  size_t queuedBytes_ = 0;
  bool writing_ = false;
  bool closing_ = false;
  bool peerClosed_ = false;
  bool ended_ = false;
  CloseInfo info_;
  Event done_;
  std::unique_ptr<Event> drain_;  ///< once somebody has waited for room
};

}  // namespace berth::http
