#include "agent/layers/parcel.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "agent/layers/stream_digest.hpp"

namespace berth::agent::layers {
namespace {

constexpr size_t kHashed = 256 << 10;
constexpr int64_t kWorthReading = 128 << 10;

}  // namespace

Error diskError(const std::string& what, int fault) {
  const bool full = fault == ENOSPC || fault == EDQUOT;
  return makeError(full ? Code::ResourceExhausted : Code::Internal, what + ": " + std::strerror(fault));
}

Result<std::shared_ptr<Parcel>> Parcel::make(const std::string& folder, int64_t size) {
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0444);
  if (fd < 0) return diskError("can't keep a layer in " + folder, errno);
  return std::shared_ptr<Parcel>(new Parcel(fd, size, 0));
}

Result<std::shared_ptr<Parcel>> Parcel::open(const std::string& path, int64_t size) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat found = {};
  if (fd < 0 || ::fstat(fd, &found) != 0 || !S_ISREG(found.st_mode) || found.st_size != size) {
    if (fd >= 0) ::close(fd);
    return makeError(Code::NotFound, "there is no file " + path + " of " + std::to_string(size) + " bytes");
  }
  return std::shared_ptr<Parcel>(new Parcel(fd, size, size));
}

Parcel::~Parcel() { ::close(fd_); }

int64_t Parcel::arrived() const {
  const std::lock_guard lock(mutex_);
  return arrived_;
}

Status Parcel::append(std::string_view bytes) {
  // Only this thread changes it.
  int64_t at = arrived_;
  if (at + static_cast<int64_t>(bytes.size()) > size_)
    return makeError(Code::DataLoss, "it is longer than its manifest says");
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd_, bytes.data(), bytes.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return diskError("can't keep a layer", errno);
    at += count;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  const std::lock_guard lock(mutex_);
  arrived_ = at;
  if (arrived_ - toldOf_ < kWorthReading && arrived_ < size_) return {};
  toldOf_ = arrived_;
  more_.notify_all();
  return {};
}

void Parcel::breakOff(Error error) {
  const std::lock_guard lock(mutex_);
  if (arrived_ < size_ && !broken_) broken_ = std::move(error);
  more_.notify_all();
}

Result<size_t> Parcel::read(int64_t at, std::span<char> space) const {
  int64_t there = 0;
  {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [&] { return arrived_ > at || at >= size_ || broken_; });
    if (at >= size_) return size_t{0};
    if (broken_) return *broken_;
    there = arrived_ - at;
  }
  const size_t wanted = std::min(space.size(), static_cast<size_t>(there));
  ssize_t count = 0;
  do {
    count = ::pread(fd_, space.data(), wanted, at);
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return diskError("can't read a layer", count < 0 ? errno : EIO);
  return static_cast<size_t>(count);
}

Result<std::string> Parcel::peek(int64_t at, size_t most) const {
  const int64_t there = arrived() - at;
  std::string out(static_cast<size_t>(std::clamp<int64_t>(there, 0, static_cast<int64_t>(most))), '\0');
  if (out.empty()) return out;
  const auto count = read(at, out);
  if (!count) return count.error();
  out.resize(*count);
  return out;
}

Status Parcel::keepAs(const std::string& path) const {
  const std::string self = "/proc/self/fd/" + std::to_string(fd_);
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0 || errno == EEXIST)
    return {};
  return diskError("can't name a layer " + path, errno);
}

Result<std::string> digestOf(const Parcel& parcel) {
  StreamDigest digest;
  std::vector<char> space(kHashed);
  for (int64_t at = 0;;) {
    const auto count = parcel.read(at, space);
    if (!count) return count.error();
    if (*count == 0) return digest.text();
    digest.add(std::string_view(space.data(), *count));
    at += static_cast<int64_t>(*count);
  }
}

}  // namespace berth::agent::layers
