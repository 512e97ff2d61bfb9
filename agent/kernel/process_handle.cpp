#include "agent/kernel/process_handle.hpp"

#include <poll.h>
#include <unistd.h>

// The header of Debian 12's C library is none of C++'s yet.
extern "C" {
#include <sys/pidfd.h>
}

#include <cerrno>
#include <csignal>

#include "agent/kernel/kernel_file.hpp"

namespace berth::agent {

Result<ProcessHandle> ProcessHandle::open(int64_t pid, const std::string& container,
                                          const std::string& proc) {
  const Error gone = makeError(Code::NotFound, "the process is gone");
  if (pid <= 1 || container.empty()) return gone;
  const int fd = ::pidfd_open(static_cast<pid_t>(pid), 0);
  if (fd < 0) return gone;
  ProcessHandle handle(fd, pid);
  // Asked once the process is held: an answer about another one would say another container.
  const Result<std::string> groups = readKernelFile(proc + "/" + std::to_string(pid) + "/cgroup");
  if (!groups || groups->find(container) == std::string::npos || handle.ended()) return gone;
  return handle;
}

ProcessHandle::~ProcessHandle() {
  if (fd_ >= 0) ::close(fd_);
}

void ProcessHandle::signal(int number) const {
  if (ended()) return;
  const auto pid = static_cast<pid_t>(pid_);
  if (::getpgid(pid) == pid) {
    ::kill(-pid, number);
  } else {
    ::pidfd_send_signal(fd_, number, nullptr, 0);
  }
}

bool ProcessHandle::ended() const {
  pollfd asked{fd_, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&asked, 1, 0);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace berth::agent
