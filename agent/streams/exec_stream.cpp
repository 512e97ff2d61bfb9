#include "agent/streams/exec_stream.hpp"

#include <utility>

namespace berth::agent {
namespace {

using streams::Channel;
using streams::Failure;

/// How long a command has from SIGHUP to SIGKILL; while the agent itself stops there is less time.
constexpr Duration kPatience = std::chrono::seconds(5);
constexpr Duration kLittlePatience = std::chrono::seconds(1);

Failure failureOf(const Error& error) {
  const bool gone = error.code == Code::NotFound || error.code == Code::FailedPrecondition;
  return {gone ? "TaskStoppedException" : "CannotExecuteError", error.message};
}

std::optional<streams::TerminalSize> sizeOf(const acs::OpenStreamMessage& message) {
  const auto valid = [](int64_t value) { return value >= 1 && value <= 65535; };
  if (!message.tty || !valid(message.columns) || !valid(message.rows)) return std::nullopt;
  return streams::TerminalSize{static_cast<uint16_t>(message.columns), static_cast<uint16_t>(message.rows)};
}

/// One session; shared by the coroutines of its two directions.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(StreamMeans means, std::shared_ptr<const acs::OpenStreamMessage> message,
          std::shared_ptr<ContainerProcess> process, std::shared_ptr<http::WebSocket> socket)
      : means_(means),
        message_(std::move(message)),
        process_(std::move(process)),
        socket_(std::move(socket)) {}

  Async<void> run() {
    const auto self = shared_from_this();
    socket_->sendBinary(streams::makeFrame(Channel::Started, "{}"));
    if (const auto size = sizeOf(*message_)) resize(*size);
    if (!message_->input) process_->closeInput();
    spawn(means_.executor, means_.log, "input of a command", [self] { return self->takeInput(); });
    co_await sendOutput();
    // Also where it has ended by itself: nobody else lets go of it.
    co_await letGo();
    co_await inputOver_.wait();
  }

 private:
  Async<void> sendOutput() {
    while (true) {
      auto piece = co_await process_->read();
      if (!piece) {
        if (piece.error().code != Code::Cancelled) fail(*socket_, failureOf(piece.error()));
        co_return;
      }
      if (!*piece) break;
      const Channel channel = (**piece).isStderr ? Channel::Stderr : Channel::Stdout;
      socket_->sendBinary(streams::makeFrame(channel, (**piece).bytes));
      if (!co_await socket_->drained(kMostWaiting)) co_return;
    }
    const Result<int> code = co_await process_->exitCode();
    if (code) {
      finish(*socket_, *code);
    } else if (code.error().code != Code::Cancelled) {
      fail(*socket_, failureOf(code.error()));
    }
  }

  /// Reads to the stream's end, which is the session's.
  Async<void> takeInput() {
    bool open = message_->input;
    while (auto message = co_await socket_->read()) {
      const auto frame = streams::readFrame(*message);
      if (!frame) break;
      if (frame->channel == Channel::Resize && message_->tty) {
        if (const auto size = streams::readSize(frame->payload)) resize(*size);
      }
      if (frame->channel != Channel::Stdin || !open) continue;
      if (frame->payload.empty()) {
        process_->closeInput();
        open = false;
      } else if (const Status taken = co_await process_->write(std::string(frame->payload)); !taken) {
        open = false;
      }
    }
    socket_->close(1002, "");
    co_await letGo();
    inputOver_.set();
  }

  Async<void> letGo() {
    const bool hurry = means_.stopping.stop_requested();
    co_await process_->end(hurry ? kLittlePatience : kPatience);
  }

  /// Beside the rest: the runtime answers once the command runs.
  void resize(streams::TerminalSize size) {
    spawn(means_.executor, means_.log, "resize", [self = shared_from_this(), size]() -> Async<void> {
      const Status done = co_await self->process_->resize(size);
      if (!done) self->means_.log.debug("a terminal was not resized", {{"reason", done.error().message}});
    });
  }

  StreamMeans means_;
  std::shared_ptr<const acs::OpenStreamMessage> message_;
  std::shared_ptr<ContainerProcess> process_;
  std::shared_ptr<http::WebSocket> socket_;
  Event inputOver_;
};

}  // namespace

Async<void> carryExec(StreamMeans means, std::shared_ptr<const acs::OpenStreamMessage> message,
                      LocatedContainer container, std::shared_ptr<http::WebSocket> socket) {
  if (container.runtimeId.empty() || !container.running) {
    co_return fail(*socket, {"TaskStoppedException", "the container '" + container.name + "' does not run"});
  }
  ExecSpec spec{container.runtimeId, message->command, message->user, message->tty, message->input};
  auto process = co_await means.containers.exec(std::move(spec));
  if (!process) co_return fail(*socket, failureOf(process.error()));
  const auto session = std::make_shared<Session>(means, message, std::move(*process), socket);
  co_await session->run();
}

}  // namespace berth::agent
