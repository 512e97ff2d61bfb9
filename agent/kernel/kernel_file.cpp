#include "agent/kernel/kernel_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace berth::agent {
namespace {

constexpr size_t kLeastBuffer = 16 * 1024;

Error failure(const std::string& path, int number) {
  const bool gone = number == ENOENT || number == ENODEV || number == ESRCH || number == ENOTDIR;
  return makeError(gone ? Code::NotFound : Code::Internal,
                   path + ": " + std::system_category().message(number));
}

/// Out of the way of sockets, where the process may have so many: see kSocketsBelow.
int aside(int fd) {
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, kSocketsBelow);
  if (moved < 0) return fd;
  ::close(fd);
  return moved;
}

}  // namespace

Result<KernelFile> KernelFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failure(path, errno);
  return KernelFile(aside(fd));
}

Result<KernelFile> KernelFile::openBelow(const std::string& name) const {
  const int fd = ::openat(fd_, name.c_str(), O_RDONLY | O_CLOEXEC);
  const int number = errno;
  if (fd < 0) return failure(path() + "/" + name, number);
  return KernelFile(aside(fd));
}

KernelFile::~KernelFile() {
  if (fd_ >= 0) ::close(fd_);
}

KernelFile& KernelFile::operator=(KernelFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

std::string KernelFile::path() const {
  constexpr std::string_view kGone = " (deleted)";
  std::array<char, 4096> target;
  const std::string link = "/proc/self/fd/" + std::to_string(fd_);
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  if (size <= 0) return link;
  std::string_view path(target.data(), static_cast<size_t>(size));
  if (path.ends_with(kGone)) path.remove_suffix(kGone.size());
  return std::string(path);
}

Result<std::string> KernelFile::read() const {
  std::string text;
  const auto read = readInto(text);
  if (!read) return read.error();
  text.resize(read->size());
  return text;
}

Result<std::string_view> KernelFile::readInto(std::string& buffer) const {
  constexpr size_t kChunk = 4096;
  for (size_t length = 0;;) {
    if (buffer.size() < length + kChunk) buffer.resize(length + kChunk);
    const ssize_t count = ::pread(fd_, buffer.data() + length, kChunk, static_cast<off_t>(length));
    const int number = errno;
    if (count < 0 && number == EINTR) continue;
    if (count < 0) return failure(path(), number);
    length += static_cast<size_t>(count);
    // The kernel fills the buffer as long as whole lines fit, and none is half as long: that was the end.
    if (static_cast<size_t>(count) < kChunk / 2) return std::string_view(buffer.data(), length);
  }
}

Result<std::string_view> KernelFile::readPiece(std::string& buffer) const {
  if (buffer.size() < kLeastBuffer) buffer.resize(kLeastBuffer);
  while (true) {
    const ssize_t count = ::pread(fd_, buffer.data(), buffer.size(), 0);
    const int number = errno;
    if (count < 0 && number == EINTR) continue;
    if (count < 0) return failure(path(), number);
    const auto length = static_cast<size_t>(count);
    if (length < buffer.size()) return std::string_view(buffer.data(), length);
    buffer.resize(buffer.size() * 2);
  }
}

Result<std::string> readKernelFile(const std::string& path) {
  const Result<KernelFile> file = KernelFile::open(path);
  if (!file) return file.error();
  return file->read();
}

}  // namespace berth::agent
