// Programs that `berth dev` starts and stops.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/result/result.hpp"

namespace berth::cli {

/// A running program; it is asked to stop, and waited for, at the end of this object.
class Child {
 public:
  /// Starts it, with its output appended to `log`. Unavailable when it can't be started.
  static Result<Child> start(const std::vector<std::string>& command, const std::string& log);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  bool alive();
  /// SIGTERM, then waits for the end.
  void stop();
  const std::string& log() const { return log_; }

 private:
  Child(pid_t pid, std::string log) : pid_(pid), log_(std::move(log)) {}

  pid_t pid_ = -1;
  std::string log_;
};

/// Runs a program to its end, with its output where ours goes: its exit code; -1 when it can't be started or
/// a signal ended it.
int runToEnd(const std::vector<std::string>& command);

}  // namespace berth::cli
