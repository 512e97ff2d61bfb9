#include "common/service/directory_lock.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <optional>

#include "tests/support/temp_dir.hpp"

using namespace berth;

TEST_CASE("a folder is locked once, until the lock is destroyed") {
  const TempDir folder;
  std::optional<Result<DirectoryLock>> first = DirectoryLock::acquire(folder.path());
  REQUIRE(*first);
  const auto second = DirectoryLock::acquire(folder.path());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::FailedPrecondition);
  CHECK(second.error().message == folder.path() + ": in use by process " + std::to_string(getpid()) +
                                      "; stop it first or set data_dir to another folder");
  first.reset();
  CHECK(DirectoryLock::acquire(folder.path()));
}

TEST_CASE("the lock goes with the object that it was moved to") {
  const TempDir folder;
  auto acquired = DirectoryLock::acquire(folder.path());
  REQUIRE(acquired);
  {
    const DirectoryLock moved = std::move(*acquired);
    CHECK_FALSE(DirectoryLock::acquire(folder.path()));
  }
  CHECK(DirectoryLock::acquire(folder.path()));
}

TEST_CASE("the error names the process that holds the lock, whose death frees it") {
  const TempDir folder;
  int ends[2] = {-1, -1};
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = DirectoryLock::acquire(folder.path());
    const char held = lock.ok() ? 'y' : 'n';
    if (write(ends[1], &held, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char held = 'n';
  const bool told = read(ends[0], &held, 1) == 1;
  const auto refused = DirectoryLock::acquire(folder.path());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
  REQUIRE(told);
  CHECK(held == 'y');
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("process " + std::to_string(child) + ";"));
  CHECK(DirectoryLock::acquire(folder.path()));
}

TEST_CASE("what a lock file held before does not matter") {
  const TempDir folder;
  std::ofstream(folder.path("lock")) << "9999999 something long and old\n";
  const auto lock = DirectoryLock::acquire(folder.path());
  REQUIRE(lock);
  std::ifstream file(folder.path("lock"));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  CHECK(text == std::to_string(getpid()) + "\n");
}

TEST_CASE("a lock that can't be made is an error that names it") {
  const auto lock = DirectoryLock::acquire("/proc/berth");
  REQUIRE_FALSE(lock);
  CHECK(lock.error().code == Code::Unavailable);
  CHECK(lock.error().message == "/proc/berth/lock: can't open it: No such file or directory");
}
