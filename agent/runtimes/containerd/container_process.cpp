#include "agent/runtimes/containerd/container_process.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <filesystem>
#include <utility>

#include "agent/keeper/folder.hpp"
#include "agent/kernel/process_handle.hpp"
#include "common/async/event.hpp"
#include "common/files/own_fd.hpp"

namespace berth::agent::containerd {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr size_t kPieceOfOutput = size_t{32} << 10;
/// Of both streams together, read and not taken yet.
constexpr size_t kMostPieces = 4;
constexpr Duration kWaitAtOnce = std::chrono::minutes(10);
constexpr Duration kLookForEnd = milliseconds(50);

/// Pipes for one command. The shim opens them by their names when it starts the command; after that nobody
/// needs the names.
class PipeFolder {
 public:
  static Result<std::unique_ptr<PipeFolder>> make(const std::string& path, bool withErrors, bool withInput) {
    std::error_code fault;
    std::filesystem::create_directories(path, fault);
    if (fault) return makeError(Code::Internal, "can't make the folder " + path + ": " + fault.message());
    auto out = std::unique_ptr<PipeFolder>(new PipeFolder(path));
    out->output = path + "/stdout";
    if (withErrors) out->errors = path + "/stderr";
    if (withInput) out->input = path + "/stdin";
    for (const std::string& pipe : {out->output, out->errors, out->input}) {
      if (pipe.empty() || ::mkfifo(pipe.c_str(), 0600) == 0) continue;
      return makeError(Code::Internal, "can't make the pipe " + pipe + ": " + std::strerror(errno));
    }
    return out;
  }
  ~PipeFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PipeFolder(const PipeFolder&) = delete;
  PipeFolder& operator=(const PipeFolder&) = delete;

  std::string output;
  std::string errors;
  std::string input;

 private:
  explicit PipeFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

class ShimProcess final : public ContainerProcess, public std::enable_shared_from_this<ShimProcess> {
 public:
  ShimProcess(CommandMeans means, CommandPlan plan)
      : means_(std::move(means)),
        plan_(std::move(plan)),
        readers_{asio::posix::stream_descriptor(means_.executor),
                 asio::posix::stream_descriptor(means_.executor)},
        input_(means_.executor) {}

  /// With pipes that are open, once the shim has its ends.
  void begin(int64_t pid, std::array<OwnFd, 2> outputs, OwnFd input) {
    pid_ = pid;
    if (input) input_.assign(input.release());
    for (const bool isStderr : {false, true}) {
      if (!outputs[isStderr]) continue;
      readers_[isStderr].assign(outputs[isStderr].release());
      ++open_;
      spawn(means_.executor, means_.log, "output of a command",
            [self = shared_from_this(), isStderr] { return self->takeOutput(isStderr); });
    }
    spawn(means_.executor, means_.log, "end of a command",
          [self = shared_from_this()] { return self->awaitEnd(); });
  }

  Async<Result<std::optional<OutputPiece>>> read() override {
    const auto self = shared_from_this();
    while (pieces_.empty() && open_ > 0 && !letGo_) {
      more_.reset();
      co_await more_.wait();
    }
    if (letGo_) co_return makeError(Code::Cancelled, "closed");
    if (pieces_.empty()) co_return std::optional<OutputPiece>();
    std::optional<OutputPiece> out = std::move(pieces_.front());
    pieces_.pop_front();
    room_.set();
    co_return out;
  }

  Async<Status> write(std::string bytes) override {
    const auto self = shared_from_this();
    error_code fault;
    if (!input_.is_open()) co_return makeError(Code::Unavailable, "its input is closed");
    co_await asio::async_write(input_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, fault));
    if (fault) co_return makeError(Code::Unavailable, "its input: " + fault.message());
    co_return Status();
  }

  void closeInput() override {
    if (!input_.is_open()) return;
    error_code ignored;
    input_.close(ignored);
    spawn(means_.executor, means_.log, "end of input", [self = shared_from_this()]() -> Async<void> {
      // The shim has an end of the pipe of its own.
      const Status closed = co_await self->means_.api.closeInput(self->plan_.process);
      if (!closed && closed.error().code != Code::NotFound)
        self->means_.log.debug("the input of a command was not closed", {{"reason", closed.error().message}});
    });
  }

  Async<Status> resize(streams::TerminalSize size) override {
    const auto self = shared_from_this();
    co_return co_await means_.api.resizeTerminal(plan_.process, size.columns, size.rows);
  }

  Async<Result<int>> exitCode() override {
    const auto self = shared_from_this();
    while (!exit_ && !letGo_) co_await ended_.wait(kWaitAtOnce);
    if (exit_) co_return *exit_;
    co_return makeError(Code::Cancelled, "closed");
  }

  Async<void> end(Duration patience) override {
    const auto self = shared_from_this();
    if (std::exchange(letGo_, true)) co_return;
    closeAll();
    if (exit_) co_return;
    const auto process = ProcessHandle::open(pid_, plan_.process.container);
    if (!process) co_return;
    process->signal(SIGHUP);
    for (Duration waited{}; waited < patience && !process->ended(); waited += kLookForEnd)
      co_await sleepFor(kLookForEnd);
    if (process->ended()) co_return;
    means_.log.warn("a command of a session did not end by itself: killing it",
                    {{"container", plan_.process.container}, {"pid", pid_}});
    process->signal(SIGKILL);
  }

 private:
  Async<void> takeOutput(bool isStderr) {
    const auto self = shared_from_this();
    asio::posix::stream_descriptor& from = readers_[isStderr];
    while (!letGo_) {
      while (pieces_.size() >= kMostPieces && !letGo_) {
        room_.reset();
        co_await room_.wait();
      }
      if (letGo_) break;
      std::string piece(kPieceOfOutput, '\0');
      error_code fault;
      const size_t count = co_await from.async_read_some(asio::buffer(piece),
                                                         asio::redirect_error(asio::use_awaitable, fault));
      if (fault || count == 0) break;
      piece.resize(count);
      pieces_.push_back({isStderr, std::move(piece)});
      more_.set();
    }
    --open_;
    more_.set();
  }

  Async<void> awaitEnd() {
    const auto self = shared_from_this();
    while (!exit_) {
      const Result<int> code = co_await means_.api.waitProcess(plan_.process, kWaitAtOnce);
      if (code) {
        exit_ = *code;
      } else if (code.error().code == Code::DeadlineExceeded) {
        continue;
      } else if (code.error().code == Code::Unavailable) {
        // containerd is away; its shim is not.
        if (co_await sleepFor(std::chrono::seconds(1)); !letGo_) continue;
        break;
      } else {
        exit_ = code.error();
      }
    }
    ended_.set();
    (co_await means_.api.removeProcess(plan_.process)).ok();
  }

  void closeAll() {
    error_code ignored;
    for (auto& reader : readers_) reader.close(ignored);
    input_.close(ignored);
    more_.set();
    room_.set();
    ended_.set();
  }

  CommandMeans means_;
  CommandPlan plan_;
  int64_t pid_ = 0;
  std::array<asio::posix::stream_descriptor, 2> readers_;
  asio::posix::stream_descriptor input_;
  std::deque<OutputPiece> pieces_;
  int open_ = 0;  ///< streams that have not ended
  Event more_;
  Event room_;
  Event ended_;
  std::optional<Result<int>> exit_;
  bool letGo_ = false;
};

OwnFd openPipe(const std::string& path, int flags) {
  return OwnFd(path.empty() ? -1 : ::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC));
}

/// A command that the OCI runtime could not run, told as a shell tells it: in words, and by 127 where there
/// is no such program, else 126.
class RefusedCommand final : public ContainerProcess {
 public:
  explicit RefusedCommand(std::string why) : why_(std::move(why)) {
    const bool missing =
        why_.find("not found") != std::string::npos || why_.find("no such file") != std::string::npos;
    code_ = missing ? 127 : 126;
  }

  Async<Result<std::optional<OutputPiece>>> read() override {
    if (std::exchange(told_, true)) co_return std::optional<OutputPiece>();
    co_return std::optional(OutputPiece{true, why_ + "\n"});
  }
  Async<Status> write(std::string) override { co_return makeError(Code::Unavailable, "it does not run"); }
  void closeInput() override {}
  Async<Status> resize(streams::TerminalSize) override { co_return Status(); }
  Async<Result<int>> exitCode() override { co_return code_; }
  Async<void> end(Duration) override { co_return; }

 private:
  std::string why_;
  int code_ = 0;
  bool told_ = false;
};

}  // namespace

Async<Result<std::shared_ptr<ContainerProcess>>> startCommand(CommandMeans means, CommandPlan plan) {
  const std::string path = means.folder + "/" + plan.process.id;
  const auto pipes = PipeFolder::make(path, !plan.terminal, plan.input);
  if (!pipes) co_return pipes.error();
  std::array<OwnFd, 2> outputs{openPipe((*pipes)->output, O_RDONLY), openPipe((*pipes)->errors, O_RDONLY)};
  const ProcessPlan asked{plan.spec, (*pipes)->input, (*pipes)->output, (*pipes)->errors, plan.terminal};
  if (const Status added = co_await means.api.addProcess(plan.process, asked); !added)
    co_return added.error();
  const auto pid = co_await means.api.startProcess(plan.process);
  if (!pid) {
    (co_await means.api.removeProcess(plan.process)).ok();
    if (pid.error().code != Code::Internal) co_return pid.error();
    co_return std::shared_ptr<ContainerProcess>(std::make_shared<RefusedCommand>(pid.error().message));
  }
  // The shim reads from it by now, unless the command has ended.
  OwnFd input = openPipe((*pipes)->input, O_WRONLY);
  const auto process = std::make_shared<ShimProcess>(std::move(means), std::move(plan));
  process->begin(*pid, std::move(outputs), std::move(input));
  co_return std::shared_ptr<ContainerProcess>(process);
}

}  // namespace berth::agent::containerd
