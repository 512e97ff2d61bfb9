#include "agent/kernel/kernel_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
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
  return KernelFile(aside(fd), path);
}

Result<KernelFile> KernelFile::openBelow(const std::string& name) const {
  std::string path = path_ + "/" + name;
  const int fd = ::openat(fd_, name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failure(path, errno);
  return KernelFile(aside(fd), std::move(path));
}

KernelFile::~KernelFile() {
  if (fd_ >= 0) ::close(fd_);
}

KernelFile& KernelFile::operator=(KernelFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

Result<std::string> KernelFile::read() const {
  std::string text;
  std::array<char, 4096> chunk;
  while (true) {
    const ssize_t count = ::pread(fd_, chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (count == 0) return text;
    if (count > 0) {
      text.append(chunk.data(), static_cast<size_t>(count));
      // The kernel fills the buffer as long as whole lines fit, and none is half as long: that was the end.
      if (static_cast<size_t>(count) < chunk.size() / 2) return text;
    } else if (errno != EINTR) {
      return failure(path_, errno);
    }
  }
}

Result<std::string_view> KernelFile::readPiece(std::string& buffer) const {
  if (buffer.size() < kLeastBuffer) buffer.resize(kLeastBuffer);
  while (true) {
    const ssize_t count = ::pread(fd_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(path_, errno);
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
