#include "tests/fuzz/memory_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace berth::fuzz {

MemoryFile::MemoryFile(std::string_view text) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
  if (fd_ >= 0 && ::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
  std::perror("fuzz: a file in memory");
  std::_Exit(3);
}

MemoryFile::~MemoryFile() { ::close(fd_); }

}  // namespace berth::fuzz
