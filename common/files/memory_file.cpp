#include "common/files/memory_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace berth {
namespace {

constexpr size_t kMostRead = 1 << 20;

}  // namespace

MemoryFile::MemoryFile() : fd_(::memfd_create("berth", MFD_CLOEXEC)) {}

bool MemoryFile::fill(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t count = ::write(fd_.get(), text.data(), text.size());
    if (count <= 0) return false;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return ::lseek(fd_.get(), 0, SEEK_SET) == 0;
}

std::string MemoryFile::text() const {
  std::string out(kMostRead, '\0');
  size_t size = 0;
  while (size < out.size()) {
    const ssize_t count = ::pread(fd_.get(), out.data() + size, out.size() - size, static_cast<off_t>(size));
    if (count <= 0) break;
    size += static_cast<size_t>(count);
  }
  out.resize(size);
  out.shrink_to_fit();
  return out;
}

}  // namespace berth
