// A file in memory, for what writes to descriptors or reads from them alone.
#pragma once

#include <string>
#include <string_view>

#include "common/files/own_fd.hpp"

namespace berth {

/// Empty at first, and gone with its last descriptor.
class MemoryFile {
 public:
  MemoryFile();

  /// Its descriptor, closed on exec; negative, with errno set by the constructor, where the kernel had none
  /// left.
  int get() const { return fd_.get(); }
  /// Writes all of the text, and has the next read begin at the file's beginning.
  bool fill(std::string_view text) const;
  /// What it holds, from its beginning, of that at most the first MiB; empty when it can't be read.
  std::string text() const;

 private:
  OwnFd fd_;
};

}  // namespace berth
