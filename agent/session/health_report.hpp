// What the controller is told of the health of containers. Values in, values out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/engine/engine.hpp"
#include "proto/tcs/messages.hpp"

namespace berth::agent {

class HealthReport {
 public:
  /// Remembers since when each container has been as healthy as it is. Call it often: what changes between
  /// two calls counts from the later one. Answers whether a check has come to another result.
  bool observe(const std::map<std::string, Task>& tasks, WallTime now);

  /// The running containers that have a check of type "docker"; the others are left out, and tasks without
  /// any. At most 10 tasks in a message, the last with fin; none when there is nothing to tell.
  std::vector<tcs::PublishHealth> messages(const std::map<std::string, Task>& tasks, const Identity& identity,
                                           const std::string& messageId, WallTime now) const;

 private:
  struct Spell {
    HealthState state = HealthState::None;
    WallTime since{};
    bool seen = false;
  };
  std::map<std::string, Spell> spells_;  ///< by runtime id
};

}  // namespace berth::agent
