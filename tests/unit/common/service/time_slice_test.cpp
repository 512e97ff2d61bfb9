#include "common/service/time_slice.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <thread>

using namespace berth;

namespace {

/// The policy, niceness and slice in nanoseconds of this thread, by sched_getattr(2).
struct Scheduling {
  unsigned policy = 0;
  int nice = 0;
  unsigned long long slice = 0;
};

Scheduling scheduling() {
  unsigned char raw[48] = {};
  REQUIRE(syscall(SYS_sched_getattr, 0, raw, sizeof raw, 0) == 0);
  Scheduling out;
  std::memcpy(&out.policy, raw + 4, sizeof out.policy);
  std::memcpy(&out.nice, raw + 16, sizeof out.nice);
  std::memcpy(&out.slice, raw + 24, sizeof out.slice);
  return out;
}

bool heedsSlices() {
  utsname kernel{};
  int major = 0;
  int minor = 0;
  REQUIRE(uname(&kernel) == 0);
  REQUIRE(std::sscanf(kernel.release, "%d.%d", &major, &minor) == 2);
  return major > 6 || (major == 6 && minor >= 12);
}

}  // namespace

TEST_CASE("short time slices are asked for, and handed on to threads, with nothing else changed") {
  Scheduling before;
  Scheduling after;
  Scheduling child;
  std::thread([&] {
    REQUIRE(setpriority(PRIO_PROCESS, 0, 3) == 0);
    before = scheduling();
    askForShortTimeSlices();
    after = scheduling();
    std::thread([&] { child = scheduling(); }).join();
  }).join();
  CHECK(after.policy == before.policy);
  CHECK(after.nice == 3);
  CHECK(after.slice == (heedsSlices() ? 100'000 : before.slice));
  CHECK(child.slice == after.slice);
}
