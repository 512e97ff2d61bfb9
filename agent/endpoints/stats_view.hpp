// Readings of containers' use as the local endpoints show them. Values in, values out.
#pragma once

#include <memory>

#include "agent/endpoints/view.hpp"
#include "agent/ports/usage.hpp"

namespace berth::agent::endpoints {

/// `usage`, which was read at `at`. Units stay: nanoseconds and bytes. Block I/O is told as Docker does: as
/// the kernel's own lines on control groups of version 1, else as "read" and "write" of each device.
StatsReading readingOf(const Usage& usage, WallTime at);

/// The statistics after `now` was read: what was current before, if anything, is the previous reading. Of
/// that one only CPU time and network are kept, which are what documents compare.
std::shared_ptr<const ContainerStats> statsAfter(const std::shared_ptr<const ContainerStats>& before,
                                                 StatsReading now);

}  // namespace berth::agent::endpoints
