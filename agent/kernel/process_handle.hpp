// One process, held so that its number can't come to mean another.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "common/result/result.hpp"

namespace berth::agent {

class ProcessHandle {
 public:
  /// NotFound when there is no such process, or it is in no control group of the container.
  static Result<ProcessHandle> open(int64_t pid, const std::string& container,
                                    const std::string& proc = "/proc");
  ~ProcessHandle();
  ProcessHandle(ProcessHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)), pid_(other.pid_) {}
  ProcessHandle& operator=(ProcessHandle&&) = delete;

  /// To the process; where it leads a group of processes, to all of that.
  void signal(int number) const;
  bool ended() const;

 private:
  ProcessHandle(int fd, int64_t pid) : fd_(fd), pid_(pid) {}

  int fd_;
  int64_t pid_;
};

}  // namespace berth::agent
