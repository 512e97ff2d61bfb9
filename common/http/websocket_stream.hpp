// Private to common/http: WebSocket as a template on the stream below it.
#pragma once

#include <utility>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <chrono>
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
      : options_(options), ws_(std::move(stream)), timer_(ws_.get_executor(), [this] { onLimit(); }) {
    limits_.fill(TimePoint::max());
    ws_.read_message_max(options_.maxMessage);
    ws_.auto_fragment(false);
    ws_.text(true);
    ws_.control_callback([this](boost::beast::websocket::frame_type kind, boost::beast::string_view) {
      if (kind == boost::beast::websocket::frame_type::close) onCloseFrame();
    });
  }

  Ws& stream() { return ws_; }
  /// Ends the socket when the opening handshake takes longer; zero when it is done.
  void limitHandshake(Duration duration) { limit(kHandshake, duration); }
  bool handshakeTimedOut() const { return handshakeTimedOut_; }
  /// Until the socket is closed.
  Async<void> ended() { co_await done_.wait(); }

  Async<Result<std::string>> read() override {
    const auto self = this->shared_from_this();
    if (ended_) co_return closedError();
    std::string message;
    boost::system::error_code error;
    limit(kRead, options_.readDeadline);
    do {
      const auto room = roomIn(message);
      const size_t got =
          co_await ws_.async_read_some(room, boost::asio::redirect_error(boost::asio::use_awaitable, error));
      message.resize(message.size() - room.size() + got);
    } while (!error && !ws_.is_message_done());
    limit(kRead, Duration::zero());
    if (!error) co_return message;
    onReadFailed(error);
    co_await done_.wait();
    co_return closedError();
  }

  void listen(std::shared_ptr<WebSocketListener> listener) override {
    listener_ = std::move(listener);
    if (ended_) return tellClosed();
    readNext();
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
    limit(kHandshake, options_.closeDeadline);
    wakeDrain();
    if (!writing_) sendClose();
  }

  CloseInfo closeInfo() const override { return info_; }

 private:
  struct Message {
    std::string content;
    bool binary = false;
  };

  enum Limit { kRead, kWrite, kHandshake, kLimits };
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Replaces a limit; zero clears it. One timer serves all.
  void limit(Limit which, Duration duration) {
    const bool none = duration <= Duration::zero();
    if (none && limits_[which] == TimePoint::max()) return;
    limits_[which] = none ? TimePoint::max() : boost::asio::steady_timer::clock_type::now() + duration;
    const TimePoint next = *std::ranges::min_element(limits_);
    next == TimePoint::max() ? timer_.clear() : timer_.expireAt(next);
  }

  void onLimit() {
    const TimePoint now = boost::asio::steady_timer::clock_type::now();
    if (limits_[kHandshake] <= now) {
      handshakeTimedOut_ = true;
      end(1006, "the time limit of the handshake passed");
    } else if (limits_[kRead] <= now) {
      end(1006, "no message within " + formatDuration(options_.readDeadline));
    } else {
      end(1006, "a message could not be sent within " + formatDuration(options_.writeDeadline));
    }
  }

  /// Room for the next piece of a message, behind what there is of it. While it has not begun, that is the
  /// string's own: whoever waits holds no buffer.
  boost::asio::mutable_buffer roomIn(std::string& message) {
    static constexpr size_t kFirst = 15;
    static constexpr size_t kLeast = 512;
    static constexpr size_t kMost = size_t{64} << 10;
    const size_t size = message.size();
    const size_t more = size == 0 ? kFirst : std::clamp(ws_.read_size_hint(kLeast), kLeast, kMost);
    message.resize(size + more);
    return boost::asio::buffer(message.data() + size, more);
  }

  void readNext() {
    limit(kRead, options_.readDeadline);
    readPiece();
  }

  void readPiece() {
    const auto room = roomIn(incoming_);
    ws_.async_read_some(room, [self = this->shared_from_this(), size = room.size()](
                                  boost::system::error_code error, size_t got) {
      self->incoming_.resize(self->incoming_.size() - size + got);
      self->onPiece(error);
    });
  }

  void onPiece(boost::system::error_code error) {
    if (error) return onReadFailed(error);
    if (!ws_.is_message_done()) return readPiece();
    limit(kRead, Duration::zero());
    const auto listener = listener_;
    if (listener) listener->onMessage(std::exchange(incoming_, {}));
    if (!ended_) readNext();
  }

  /// Once close() was called, what comes of that ends the socket.
  void onReadFailed(boost::system::error_code error) {
    limit(kRead, Duration::zero());
    if (!closing_ || peerClosed_) end(closeCodeOf(error), describeReadFailure(error, options_));
  }

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
      limit(kWrite, Duration::zero());
      if (closing_) sendClose();
      return;
    }
    writing_ = true;
    limit(kWrite, options_.writeDeadline);
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
    limit(kHandshake, options_.closeDeadline);
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
    timer_.clear();
    closeSocket(ws_.next_layer());
    wakeDrain();
    done_.set();
    tellClosed();
  }

  void tellClosed() {
    if (!listener_) return;
    boost::asio::post(ws_.get_executor(),
                      [self = this->shared_from_this(), listener = std::exchange(listener_, nullptr)] {
                        listener->onClosed();
                      });
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
  std::array<TimePoint, kLimits> limits_;  ///< kHandshake: of the opening and of the closing one
  Deadline timer_;
  std::shared_ptr<WebSocketListener> listener_;
  std::string incoming_;      ///< what has come of the message that `listener_` is told next
  std::list<Message> queue_;  ///< a deque would keep half a kilobyte for nothing
  size_t queuedBytes_ = 0;
  bool writing_ = false;
  bool closing_ = false;
  bool peerClosed_ = false;
  bool ended_ = false;
  bool handshakeTimedOut_ = false;
  CloseInfo info_;
  Event done_;
  std::unique_ptr<Event> drain_;  ///< once somebody has waited for room
};

}  // namespace berth::http
