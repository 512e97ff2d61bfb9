#include "cli/commands/remote_command.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "cli/api/loop.hpp"
#include "proto/streams/frame.hpp"

namespace berth::cli {
namespace {

namespace asio = boost::asio;
using streams::Channel;

constexpr Duration kKeepAlive = std::chrono::seconds(25);
constexpr Duration kSilence = std::chrono::minutes(3);
constexpr size_t kChunk = 16384;
constexpr size_t kWaiting = 65536;  ///< bytes of input that may wait to be sent

/// Our terminal, raw: each key goes to the command.
class RawTerminal {
 public:
  explicit RawTerminal(bool wanted) {
    raw_ = wanted && tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!raw_) return;
    termios raw = before_;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  ~RawTerminal() {
    if (raw_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
  bool raw_ = false;
};

std::optional<nlohmann::json> sizeOf() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    return std::nullopt;
  return nlohmann::json{{"columns", size.ws_col}, {"rows", size.ws_row}};
}

void writeAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(file, bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR) return;
    if (put > 0) bytes.remove_prefix(static_cast<size_t>(put));
  }
}

/// One open stream. Its coroutines end when the websocket is closed or the loop goes.
class RemoteStream : public std::enable_shared_from_this<RemoteStream> {
 public:
  RemoteStream(Connection::Loop& loop, std::shared_ptr<http::WebSocket> socket)
      : loop_(loop), socket_(std::move(socket)), input_(loop.io), resized_(loop.io, SIGWINCH) {}

  void open(const RemoteCommand& remote) {
    nlohmann::json opening{{"token", remote.token}, {"tty", remote.tty}, {"stdin", remote.input}};
    if (!remote.user.empty()) opening["user"] = remote.user;
    if (const auto size = remote.tty ? sizeOf() : std::nullopt) opening.update(*size);
    socket_->sendBinary(streams::makeFrame(Channel::Open, opening.dump()));
    start(&RemoteStream::keepAlive);
    if (remote.tty) start(&RemoteStream::followSize);
    if (remote.input) start(&RemoteStream::passInput);
  }

  void close() { socket_->close(1000, "the client has ended"); }

  Async<Result<int>> passOutput() {
    for (;;) {
      const Result<std::string> message = co_await socket_->read();
      if (!message) co_return message.error().in("the stream broke, and with it the command");
      const auto frame = streams::readFrame(*message);
      if (!frame) co_return frame.error();
      if (frame->channel == Channel::Stdout) writeAll(STDOUT_FILENO, frame->payload);
      if (frame->channel == Channel::Stderr) writeAll(STDERR_FILENO, frame->payload);
      if (frame->channel == Channel::Exit) co_return streams::readExit(frame->payload);
      if (frame->channel != Channel::Error) continue;
      const auto failure = streams::readFailure(frame->payload);
      if (!failure) co_return failure.error();
      co_return makeError(Code::Unavailable, failure->type + ": " + failure->message);
    }
  }

 private:
  void start(Async<void> (RemoteStream::*work)()) {
    asio::co_spawn(
        loop_.io, [self = shared_from_this(), work]() -> Async<void> { co_await ((*self).*work)(); },
        asio::detached);
  }

  Async<void> keepAlive() {
    while (co_await sleepFor(kKeepAlive)) socket_->sendBinary(streams::makeFrame(Channel::KeepAlive));
  }

  Async<void> followSize() {
    for (;;) {
      boost::system::error_code error;
      co_await resized_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      if (const auto size = sizeOf()) socket_->sendBinary(streams::makeFrame(Channel::Resize, size->dump()));
    }
  }

  /// A file can't be waited for, and never has to be.
  Async<void> passInput() {
    boost::system::error_code error;
    input_.assign(dup(STDIN_FILENO), error);
    const bool waits = !error;
    std::string chunk(kChunk, '\0');
    for (;;) {
      if (waits) {
        error = {};
        co_await input_.async_wait(asio::posix::stream_descriptor::wait_read,
                                   asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return;
      }
      const ssize_t got = read(STDIN_FILENO, chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      const size_t size = got > 0 ? static_cast<size_t>(got) : 0;
      socket_->sendBinary(streams::makeFrame(Channel::Stdin, std::string_view(chunk).substr(0, size)));
      if (got <= 0) co_return;
      const bool open = co_await socket_->drained(kWaiting);
      if (!open) co_return;
    }
  }

  Connection::Loop& loop_;
  std::shared_ptr<http::WebSocket> socket_;
  asio::posix::stream_descriptor input_;
  asio::signal_set resized_;
};

}  // namespace

Result<int> runRemote(Session& session, const RemoteCommand& remote) {
  Connection::Loop& loop = session.api.loop();
  http::WsClientOptions options;
  options.url = remote.url;
  options.caFile = session.target.caFile;
  options.socket.readDeadline = kSilence;
  auto socket = loop.await(http::connectWebSocket(loop.io, std::move(options)));
  if (!socket) return socket.error();
  session.out.flush();
  session.api.catchInterrupts();
  const auto stream = std::make_shared<RemoteStream>(loop, *socket);
  const RawTerminal raw(remote.tty && session.input);
  const std::stop_callback stopped(loop.interrupt.get_token(), [&] { stream->close(); });
  stream->open(remote);
  auto code = loop.await(stream->passOutput());
  if (!code && session.api.interrupted()) return makeError(Code::Cancelled, "interrupted");
  return code;
}

}  // namespace berth::cli
