#include "agent/kernel/process_handle.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

using namespace berth;
using namespace berth::agent;

namespace {

/// A child that waits for signals, in a process group of its own.
struct Waiter {
  Waiter() : pid(::fork()) {
    if (pid == 0) {
      ::setpgid(0, 0);
      for (;;) ::pause();
    }
    ::setpgid(pid, pid);
  }
  ~Waiter() {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }

  pid_t pid;
};

/// A procfs in which the process is in such a control group.
std::string procWith(const TempDir& dir, pid_t pid, const std::string& group) {
  const std::string folder = dir.path(std::to_string(pid));
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/cgroup") << "0::" << group << "\n";
  return dir.path();
}

}  // namespace

TEST_CASE("a process of a container is held, told to end, and seen to end") {
  const TempDir dir;
  Waiter child;
  auto handle = ProcessHandle::open(child.pid, "c0ffee", procWith(dir, child.pid, "/docker/c0ffee"));
  REQUIRE(handle);
  CHECK_FALSE(handle->ended());
  handle->signal(SIGHUP);
  int status = 0;
  REQUIRE(::waitpid(child.pid, &status, 0) == child.pid);
  child.pid = 0;
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGHUP);
  CHECK(handle->ended());
  handle->signal(SIGKILL);
}

TEST_CASE("a process of another container, or of none, is not touched") {
  const TempDir dir;
  const Waiter child;
  const std::string proc = procWith(dir, child.pid, "/docker/other");
  CHECK(ProcessHandle::open(child.pid, "c0ffee", proc).error().code == Code::NotFound);
  CHECK(ProcessHandle::open(child.pid, "", proc).error().code == Code::NotFound);
  CHECK_FALSE(ProcessHandle::open(0, "c0ffee", proc));
  CHECK_FALSE(ProcessHandle::open(1, "c0ffee", proc));
  CHECK_FALSE(ProcessHandle::open(child.pid, "c0ffee", dir.path("none")));
}
