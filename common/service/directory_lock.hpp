// One program a data folder.
#pragma once

#include <string>

#include "common/result/result.hpp"

namespace berth {

/// Holds `<folder>/lock` (flock) until destroyed; the kernel lets go of it when the process ends in any way.
/// The file holds the pid of its last owner and stays behind, unlocked.
class DirectoryLock {
 public:
  /// Doesn't wait. FailedPrecondition when another process (named by its pid) holds the lock, Unavailable
  /// when the file can't be opened.
  static Result<DirectoryLock> acquire(const std::string& folder);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}

  int file_;
};

}  // namespace berth
