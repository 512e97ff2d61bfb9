// Schedules as text: what is read is due in order, and never before it is asked for.
#include "controller/jobs/occurrence.hpp"
#include "tests/fuzz/target.hpp"

BERTH_FUZZ_TARGET(job_schedule) {
  using namespace berth;
  using namespace berth::controller;
  const auto schedule = parseSchedule(input);
  if (!schedule) {
    fuzz::require(schedule.error().code == Code::InvalidArgument, "a mistake is the caller's", input);
    fuzz::require(!schedule.error().message.empty(), "a mistake is named", input);
    return;
  }
  const auto zone = OnlyUtc().find("UTC");
  const WallTime begin = fromEpochMillis(1'790'000'000'000);
  WallTime at = begin;
  for (int i = 0; i < 5; ++i) {
    const auto next = nextAfter(*schedule, *zone, begin, at);
    if (!next) return;
    fuzz::require(*next > at, "what is next comes later", input);
    fuzz::require(nextAfter(*schedule, *zone, begin, *next - std::chrono::milliseconds(1)) == *next,
                  "nothing lies between", input);
    at = *next;
  }
}
