#include "agent/runtimes/docker/docker_streams.hpp"

#include <algorithm>
#include <csignal>
#include <deque>
#include <utility>

#include "agent/kernel/process_handle.hpp"
#include "proto/docker/output.hpp"

namespace berth::agent {
namespace {

using std::chrono::milliseconds;

constexpr Duration kShortestLook = milliseconds(10);
constexpr Duration kLongestLook = std::chrono::seconds(1);
constexpr int kResizes = 5;  ///< that may fail
constexpr Duration kStartTakes = std::chrono::seconds(3);
/// Rendered, such a line fits in a frame whatever its bytes are.
constexpr size_t kLongestLine = size_t{8} << 10;

class DockerProcess final : public ContainerProcess, public std::enable_shared_from_this<DockerProcess> {
 public:
  DockerProcess(std::shared_ptr<EngineApi> api, Log& log, ExecSpec spec, std::string id,
                std::shared_ptr<EngineStream> stream)
      : api_(std::move(api)),
        log_(log),
        spec_(std::move(spec)),
        id_(std::move(id)),
        stream_(std::move(stream)) {}

  Async<Result<std::optional<OutputPiece>>> read() override {
    const auto self = shared_from_this();
    while (pieces_.empty()) {
      Result<std::string> bytes = co_await stream_->read();
      if (!bytes) co_return bytes.error();
      if (bytes->empty()) co_return std::optional<OutputPiece>();
      if (spec_.tty) co_return std::optional(OutputPiece{false, std::move(*bytes)});
      const Status good = frames_.feed(*bytes, [this](bool isStderr, std::string_view piece, bool) {
        if (!piece.empty()) pieces_.push_back({isStderr, std::string(piece)});
      });
      if (!good) co_return good.error();
    }
    std::optional<OutputPiece> out = std::move(pieces_.front());
    pieces_.pop_front();
    co_return out;
  }

  Async<Status> write(std::string bytes) override { return stream_->write(std::move(bytes)); }
  void closeInput() override { stream_->finishWriting(); }

  Async<Status> resize(streams::TerminalSize size) override {
    const auto self = shared_from_this();
    wanted_ = size;
    if (std::exchange(resizing_, true)) co_return Status();
    // The engine takes none before there is a process.
    co_await started();
    Status last;
    for (int left = kResizes; wanted_ && left > 0 && !ended_;) {
      const streams::TerminalSize now = *std::exchange(wanted_, std::nullopt);
      last = co_await api_->resizeExec(id_, now);
      if (last) continue;
      if (!wanted_) wanted_ = now;
      --left;
      co_await sleepFor(kShortestLook);
    }
    wanted_.reset();
    resizing_ = false;
    co_return last;
  }

  Async<Result<int>> exitCode() override {
    const auto self = shared_from_this();
    for (Duration wait = kShortestLook; !ended_; wait = std::min(wait * 2, kLongestLook)) {
      const Result<docker::ExecState> state = co_await api_->inspectExec(id_);
      if (!state) co_return state.error();
      if (!state->running && state->exitCode) co_return *state->exitCode;
      co_await sleepFor(wait);
    }
    co_return makeError(Code::Cancelled, "closed");
  }

  Async<void> end(Duration patience) override {
    const auto self = shared_from_this();
    if (std::exchange(ended_, true)) co_return;
    stream_->close();
    const std::optional<docker::ExecState> state = co_await started();
    if (!state || !state->running) co_return;
    const auto process = ProcessHandle::open(state->pid, spec_.container);
    if (!process) co_return;
    process->signal(SIGHUP);
    for (Duration waited{0}; waited < patience && !process->ended(); waited += milliseconds(50))
      co_await sleepFor(milliseconds(50));
    if (process->ended()) co_return;
    log_.warn("a command of a session did not end by itself: killing it",
              {{"container", spec_.container}, {"pid", state->pid}});
    process->signal(SIGKILL);
  }

 private:
  /// Once its process is there; nullopt: it is not, or the engine does not say.
  Async<std::optional<docker::ExecState>> started() {
    for (Duration waited{0}; waited < kStartTakes; waited += kShortestLook * 2) {
      const Result<docker::ExecState> state = co_await api_->inspectExec(id_);
      if (!state) co_return std::nullopt;
      // It is running for the engine before it has a process.
      if (state->running ? state->pid > 0 : state->exitCode.has_value()) co_return *state;
      co_await sleepFor(kShortestLook * 2);
    }
    co_return std::nullopt;
  }

  std::shared_ptr<EngineApi> api_;
  Log& log_;
  ExecSpec spec_;
  std::string id_;
  std::shared_ptr<EngineStream> stream_;
  docker::Demultiplexer frames_;
  std::deque<OutputPiece> pieces_;
  std::optional<streams::TerminalSize> wanted_;  ///< the newest size that is not set yet
  bool resizing_ = false;
  bool ended_ = false;
};

class DockerLog final : public ContainerLog, public std::enable_shared_from_this<DockerLog> {
 public:
  DockerLog(bool tty, std::shared_ptr<EngineStream> stream)
      : reader_(tty, kLongestLine), stream_(std::move(stream)) {}

  Async<Result<std::vector<streams::LogLine>>> read() override {
    const auto self = shared_from_this();
    std::vector<streams::LogLine> out;
    const auto take = [&out](streams::LogLine line) { out.push_back(std::move(line)); };
    while (out.empty() && !over_) {
      const Result<std::string> bytes = co_await stream_->read();
      if (!bytes) co_return bytes.error();
      over_ = bytes->empty();
      if (over_) reader_.finish(take);
      if (Status good = reader_.feed(*bytes, take); !good) co_return good.error();
    }
    co_return out;
  }

  void close() override { stream_->close(); }

 private:
  docker::LogReader reader_;
  std::shared_ptr<EngineStream> stream_;
  bool over_ = false;
};

class DockerStreams final : public ContainerStreams {
 public:
  DockerStreams(std::shared_ptr<EngineApi> api, Log& log) : api_(std::move(api)), log_(log) {}

  Async<Result<std::shared_ptr<ContainerProcess>>> exec(ExecSpec spec) override {
    docker::ExecSpec asked{spec.command, spec.user, spec.tty, spec.input};
    const Result<std::string> id = co_await api_->createExec(spec.container, std::move(asked));
    if (!id) co_return id.error();
    Result<std::shared_ptr<EngineStream>> stream = co_await api_->startExec(*id, spec.tty);
    if (!stream) co_return stream.error();
    const auto process =
        std::make_shared<DockerProcess>(api_, log_, std::move(spec), *id, std::move(*stream));
    co_return std::shared_ptr<ContainerProcess>(process);
  }

  Async<Result<std::shared_ptr<ContainerLog>>> logs(LogSpec spec) override {
    const auto found = co_await api_->inspectContainer(spec.container);
    if (!found) co_return found.error();
    if (!*found) co_return makeError(Code::NotFound, "the container is not there any more");
    const Result<std::shared_ptr<EngineStream>> stream = co_await api_->logs(std::move(spec));
    if (stream) co_return std::shared_ptr<ContainerLog>(std::make_shared<DockerLog>((*found)->tty, *stream));
    if (stream.error().message.find("does not support reading") == std::string::npos)
      co_return stream.error();
    co_return makeError(Code::FailedPrecondition, "the log driver " + (*found)->logDriver +
                                                      " of the container keeps nothing that can be read");
  }

 private:
  std::shared_ptr<EngineApi> api_;
  Log& log_;
};

}  // namespace

std::unique_ptr<ContainerStreams> dockerStreams(std::shared_ptr<EngineApi> api, Log& log) {
  return std::make_unique<DockerStreams>(std::move(api), log);
}

}  // namespace berth::agent
