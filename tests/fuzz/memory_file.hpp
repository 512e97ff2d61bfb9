// For functions that read a file by its path.
#pragma once

#include <string>
#include <string_view>

namespace berth::fuzz {

/// A file in memory, under a path by which it can be opened.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace berth::fuzz
