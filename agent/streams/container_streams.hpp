// Commands in containers, and what containers have written: what streams need of a runtime.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/async/async.hpp"
#include "common/result/result.hpp"
#include "proto/streams/frame.hpp"
#include "proto/streams/log_line.hpp"

namespace berth::agent {

struct ExecSpec {
  std::string container;  ///< the runtime's id
  std::vector<std::string> command;
  std::string user;  ///< empty: the container's own
  bool tty = false;
  bool input = false;
};

/// A piece of what a command writes.
struct OutputPiece {
  bool isStderr = false;
  std::string bytes;
};

/// A command that runs in a container. One read and one write at a time.
class ContainerProcess {
 public:
  virtual ~ContainerProcess() = default;
  /// What it writes, in pieces of at most 32 KiB; nullopt: it has ended.
  virtual Async<Result<std::optional<OutputPiece>>> read() = 0;
  /// Returns when the runtime has taken it. Unavailable when nobody reads it any more.
  virtual Async<Status> write(std::string bytes) = 0;
  /// The end of its input.
  virtual void closeInput() = 0;
  virtual Async<Status> resize(streams::TerminalSize size) = 0;
  /// After the end of its output.
  virtual Async<Result<int>> exitCode() = 0;
  /// Lets go of it: read() and write() end. What still runs is told to end (SIGHUP), and after `patience`
  /// made to (SIGKILL); returns when it is gone, or can't be reached.
  virtual Async<void> end(Duration patience) = 0;
};

struct LogSpec {
  std::string container;  ///< the runtime's id
  bool follow = false;
  std::string since;            ///< seconds since 1970, with a fraction; empty: from the beginning
  std::optional<int64_t> tail;  ///< lines; nullopt: all
};

class ContainerLog {
 public:
  virtual ~ContainerLog() = default;
  /// At least one line, as soon as there is one; none: the end.
  virtual Async<Result<std::vector<streams::LogLine>>> read() = 0;
  /// read() ends.
  virtual void close() = 0;
};

class ContainerStreams {
 public:
  virtual ~ContainerStreams() = default;
  /// NotFound: there is no such container. FailedPrecondition: it does not run. Else what the runtime says.
  virtual Async<Result<std::shared_ptr<ContainerProcess>>> exec(ExecSpec spec) = 0;
  /// NotFound: there is no such container. FailedPrecondition, naming its log driver: that keeps nothing that
  /// can be read.
  virtual Async<Result<std::shared_ptr<ContainerLog>>> logs(LogSpec spec) = 0;
};

}  // namespace berth::agent
