// How long the kernel lets a program run before it lets another one.
#pragma once

namespace berth {

/// Asks for time slices of 0.1 ms for this thread and those that it starts from then on, in place of some
/// milliseconds. A thread that wants short slices is let in sooner where CPUs are busy; its share of them
/// stays as it is. Linux heeds it since 6.12 (sched_setattr(2), sched_runtime of SCHED_OTHER); earlier
/// versions, and those that refuse it, leave all as it was. A thread that runs under another policy is left
/// alone.
void askForShortTimeSlices();

}  // namespace berth
