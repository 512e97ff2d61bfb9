// berth-crun: crun on hosts that have control groups of version 1 with the unified hierarchy beside them, at
// /sys/fs/cgroup/unified. crun refuses such a host as soon as it sees that one, which holds no controller
// that containers need; so it is shown the host without. The shim calls it as it would call crun.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "agent/crun/programs.hpp"

namespace {

int fail(const char* what) {
  std::fprintf(stderr, "berth-crun: %s: %s\n", what, std::strerror(errno));
  return 1;
}

}  // namespace

int main(int, char** arguments) {
  const std::string crun = berth::agent::crun::find();
  if (crun.empty()) {
    std::fputs("berth-crun: crun is not installed; set runtime.oci_runtime to runc\n", stderr);
    return 1;
  }
  if (::unshare(CLONE_NEWNS) != 0) return fail("can't make a mount namespace");
  // What is unmounted below a private mount stays mounted everywhere else.
  if (::mount(nullptr, "/sys/fs/cgroup", nullptr, MS_PRIVATE, nullptr) != 0)
    return fail("can't make /sys/fs/cgroup private");
  if (::umount2("/sys/fs/cgroup/unified", MNT_DETACH) != 0) return fail("can't hide /sys/fs/cgroup/unified");
  ::execv(crun.c_str(), arguments);
  return fail(crun.c_str());
}
