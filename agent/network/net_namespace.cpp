#include "agent/network/net_namespace.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

#include "common/files/own_fd.hpp"

namespace berth::agent::network {
namespace {

constexpr long kNamespaceFiles = 0x6e736673;  // NSFS_MAGIC of linux/magic.h

Status systemFailure(const std::string& what, int fault) {
  const bool refused = fault == EPERM || fault == EACCES;
  return makeError(refused ? Code::PermissionDenied : Code::Internal, what + ": " + std::strerror(fault));
}

int bringUpLoopback() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  int fault = ::ioctl(fd, SIOCGIFFLAGS, &request) == 0 ? 0 : errno;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (fault == 0 && ::ioctl(fd, SIOCSIFFLAGS, &request) != 0) fault = errno;
  ::close(fd);
  return fault;
}

/// What a thread does that ends afterwards: it can't go back to the host's network.
Status keepNewNamespace(const std::string& path, const std::function<Status()>& furnish) {
  if (::unshare(CLONE_NEWNET) != 0) return systemFailure("can't make a network namespace", errno);
  if (const int fault = bringUpLoopback(); fault != 0)
    return systemFailure("can't bring up the loopback of a network namespace", fault);
  if (Status furnished = furnish ? furnish() : Status(); !furnished) return furnished;
  if (::mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0)
    return systemFailure("can't keep a network namespace at " + path, errno);
  return {};
}

}  // namespace

Status makeNamespace(const std::string& path, const std::function<Status()>& furnish) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return systemFailure("can't make " + path, errno);
  ::close(fd);
  Status made;
  std::thread([&] { made = keepNewNamespace(path, furnish); }).join();
  if (!made) ::unlink(path.c_str());
  return made;
}

Status inNamespace(const std::string& path, const std::function<Status()>& work) {
  const OwnFd space(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) return systemFailure("can't open the network namespace at " + path, errno);
  Status done;
  std::thread([&] {
    const bool entered = ::setns(space.get(), CLONE_NEWNET) == 0;
    done = entered ? work() : systemFailure("can't enter the network namespace at " + path, errno);
  }).join();
  return done;
}

bool isNamespace(const std::string& path) {
  struct statfs found{};
  return ::statfs(path.c_str(), &found) == 0 && static_cast<long>(found.f_type) == kNamespaceFiles;
}

Status removeNamespace(const std::string& path) {
  // More than one mount may lie there.
  while (isNamespace(path)) {
    if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
      return systemFailure("can't let go of the network namespace at " + path, errno);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return systemFailure("can't remove " + path, errno);
  return {};
}

}  // namespace berth::agent::network
