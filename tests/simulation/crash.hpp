// One crash at a persist point, in a run that nothing else disturbs.
#pragma once

#include <cstdint>

#include "common/time/clock.hpp"

namespace berth::simulation {

struct Crash {
  enum class Who { Nobody, Agent, Controller };
  Who who = Who::Nobody;
  uint64_t commit = 0;   ///< of that process, counted from 1
  bool durable = false;  ///< just after it has become durable, or just before
  Duration down{};       ///< until the process runs again
};

}  // namespace berth::simulation
