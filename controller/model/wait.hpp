// Why a task has no place yet.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "common/time/clock.hpp"

namespace berth::controller {

/// What keeps a task waiting.
struct Wait {
  WallTime since;
  WallTime until;  ///< then it is STOPPED
  /// Instances by the test that they fail first, in the API's words: "RESOURCE:CPU". For a task of a capacity
  /// provider those of the provider only.
  std::map<std::string, size_t> refused;
};

}  // namespace berth::controller
