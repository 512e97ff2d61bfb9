#include "agent/secrets/sources/private_file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "common/files/own_fd.hpp"

namespace berth::agent {
namespace {

/// A file that is waited for (a pipe, a device) must not hold up the agent.
constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

Error fileError(int number, const std::string& name) {
  const std::string reason = std::system_category().message(number);
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return makeError(Code::NotFound, name + ": there is no such file");
    case EXDEV:
    case ELOOP:
      return makeError(Code::PermissionDenied,
                       name + " leads out of the directory of secrets by a link: copy it");
    case EACCES:
    case EPERM:
      return makeError(Code::PermissionDenied, name + ": " + reason + ": let the agent's user read it");
    case ENAMETOOLONG:
    case EISDIR:
    case EINVAL:
    case ENXIO:
      return makeError(Code::InvalidArgument, name + ": " + reason);
    default:
      return makeError(Code::Unavailable, name + ": " + reason);
  }
}

Result<std::string> readChecked(const OwnFd& file, const std::string& name) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fileError(errno, name);
  if (!S_ISREG(status.st_mode)) return makeError(Code::InvalidArgument, name + " is not a regular file");
  if ((status.st_mode & S_IRWXO) != 0) {
    return makeError(Code::PermissionDenied,
                     name + " is open to every user of this machine: take that away (chmod o-rwx)");
  }
  std::string text;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fileError(errno, name);
    text.append(chunk.data(), static_cast<size_t>(count));
    if (text.size() > kLargestSecret) {
      Error large = makeError(Code::ResourceExhausted,
                              name + " is larger than " + std::to_string(kLargestSecret) + " bytes");
      large.retryable = false;
      return large;
    }
  }
}

std::string joined(const std::vector<std::string>& path) {
  std::string out;
  for (const std::string& part : path) out += (out.empty() ? "" : "/") + part;
  return out;
}

/// Part by part, as each part could be a link.
OwnFd openWithoutLinks(const OwnFd& directory, const std::vector<std::string>& path) {
  OwnFd at(::dup(directory.get()));
  for (size_t i = 0; i < path.size() && at.get() >= 0; ++i) {
    const bool last = i + 1 == path.size();
    const int flags = last ? kReadFlags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    at = OwnFd(::openat(at.get(), path[i].c_str(), flags));
  }
  return at;
}

OwnFd openBelow(const OwnFd& directory, const std::vector<std::string>& path) {
  const std::string relative = joined(path);
  struct open_how how{};
  how.flags = kReadFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  constexpr int kTries = 3;  // EAGAIN: something above was renamed meanwhile
  for (int i = 0; i < kTries; ++i) {
    const long fd = ::syscall(SYS_openat2, directory.get(), relative.c_str(), &how, sizeof how);
    if (fd >= 0) return OwnFd(static_cast<int>(fd));
    if (errno == ENOSYS || errno == EPERM) return openWithoutLinks(directory, path);
    if (errno != EAGAIN) break;
  }
  return OwnFd(-1);
}

Result<std::string> readBelow(const std::string& directory, const std::vector<std::string>& path,
                              OwnFd (*open)(const OwnFd&, const std::vector<std::string>&)) {
  const OwnFd root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0) return fileError(errno, directory);
  const OwnFd file = open(root, path);
  if (file.get() < 0) return fileError(errno, joined(path));
  return readChecked(file, joined(path));
}

}  // namespace

Result<std::string> readPrivateFile(const std::string& path) {
  const OwnFd file(::open(path.c_str(), kReadFlags));
  if (file.get() < 0) return fileError(errno, path);
  return readChecked(file, path);
}

Result<std::string> readPrivateFileBelow(const std::string& directory, const std::vector<std::string>& path) {
  return readBelow(directory, path, openBelow);
}

Result<std::string> readPrivateFileWithoutLinks(const std::string& directory,
                                                const std::vector<std::string>& path) {
  return readBelow(directory, path, openWithoutLinks);
}

}  // namespace berth::agent
