#include "common/files/own_fd.hpp"

#include <unistd.h>

namespace berth {

void OwnFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace berth
