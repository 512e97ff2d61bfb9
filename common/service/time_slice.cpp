#include "common/service/time_slice.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace berth {
namespace {

/// struct sched_attr of sched_setattr(2) in its first version. The kernel's header of it and <sched.h> can't
/// be included together.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;  ///< nanoseconds
  uint64_t deadline = 0;
  uint64_t period = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

constexpr uint64_t kShortest = 100'000;  ///< nanoseconds; the kernel takes no less

}  // namespace

void askForShortTimeSlices() {
  if (sched_getscheduler(0) != SCHED_OTHER) return;
  errno = 0;
  const int nice = getpriority(PRIO_PROCESS, 0);
  if (errno != 0) return;
  SchedulingAttributes wanted;
  wanted.nice = nice;
  wanted.runtime = kShortest;
  // No wrapper in the C library. A refusal costs nothing but the wish.
  (void)syscall(SYS_sched_setattr, 0, &wanted, 0);
}

}  // namespace berth
