// The files of one container's log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/keeper/folder.hpp"
#include "common/files/own_fd.hpp"

namespace berth::agent::keeper {

/// PATH, and PATH.1 (newer) to PATH.(maxFiles-1) (oldest).
class LogFile {
 public:
  LogFile() = default;
  /// What it may hold from now on; the file is opened when it is needed.
  void use(std::string path, int64_t maxBytes, int64_t maxFiles);

  /// Bytes in PATH; -1 when it can't be opened.
  int64_t size();
  /// Whether it would hold more than it may with `more` bytes.
  bool exceeds(size_t more);
  /// Whether more should go to a new file first.
  bool full(size_t more);
  /// All of it or nothing; false when it can't be written.
  bool append(std::string_view text);
  /// Drops what is behind the first `size` bytes.
  void cut(int64_t size);
  /// PATH becomes PATH.1, and so on; the oldest goes. Broken off at any point and called again, it loses no
  /// file that it would not lose in one go.
  void rotate();

 private:
  bool open();

  std::string path_;
  int64_t maxBytes_ = 0;
  int64_t maxFiles_ = 1;
  int64_t size_ = 0;
  OwnFd file_;
};

}  // namespace berth::agent::keeper
