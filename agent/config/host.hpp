// The machine that the agent runs on.
#pragma once

#include <cstdint>

#include "common/result/result.hpp"

namespace berth::agent {

struct Host {
  int64_t cpus = 1;       ///< logical ones that are online
  int64_t memoryMiB = 0;  ///< MemTotal
};

/// Unavailable when /proc/meminfo can't be read.
Result<Host> readHost();

}  // namespace berth::agent
