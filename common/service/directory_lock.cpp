#include "common/service/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace berth {
namespace {

std::string ownerOf(int file) {
  std::array<char, 32> text{};
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  const std::string pid(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  const size_t digits = std::min(pid.find_first_not_of("0123456789"), pid.size());
  // Between taking the lock and writing its pid, the owner has no name yet.
  return digits == 0 ? "another process" : "process " + pid.substr(0, digits);
}

}  // namespace

Result<DirectoryLock> DirectoryLock::acquire(const std::string& folder) {
  const std::string path = folder + "/lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return makeError(Code::Unavailable, path + ": can't open it: " + std::generic_category().message(errno));
  }
  DirectoryLock lock(file);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return makeError(Code::Unavailable,
                       path + ": can't lock it: " + std::generic_category().message(errno));
    }
    return makeError(Code::FailedPrecondition, folder + ": in use by " + ownerOf(file) +
                                                   "; stop it first or set data_dir to another folder");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  // The pid only helps people: a full disk is no reason to refuse the lock.
  if (ftruncate(file, 0) == 0) (void)!pwrite(file, pid.data(), pid.size(), 0);
  return lock;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace berth
