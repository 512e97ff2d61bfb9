// Placement as a function: a snapshot of the instances in, a plan out.
#pragma once

#include <string>
#include <vector>

#include "controller/model/entities.hpp"

namespace berth::controller {

/// An instance as the scheduler sees it.
struct Candidate {
  std::string id;
  bool active = true;     ///< status ACTIVE
  bool connected = true;  ///< its agent's session is open
  Resources total;        ///< ports: those reserved from the start
  Resources used;         ///< by the tasks that are not STOPPED
};

/// Why an instance can't take the task, in the API's words: "RESOURCE:CPU", "RESOURCE:MEMORY",
/// "RESOURCE:PORTS", "AGENT", "INACTIVE". Empty when it can.
std::string refusal(const Candidate& candidate, const Resources& ask);

struct Refused {
  std::string instance;
  std::string reason;
};

struct Plan {
  std::vector<std::string> placed;  ///< instance ids, one a copy
  std::vector<Refused> refused;     ///< why the remaining copies have no place; empty when all were placed
};

/// Places `count` copies, each on the first candidate that can take it, in the order given.
/// `candidates` is consumed: each placement is added to its candidate's use.
Plan firstFit(std::vector<Candidate> candidates, const Resources& ask, int64_t count);

}  // namespace berth::controller
