// What must hold of each placement, worked out from the tasks themselves and not from what the scheduler
// keeps of them.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "controller/model/state.hpp"

namespace berth::simulation {

using Json = nlohmann::json;

/// How a user wants the tasks of a call to be placed; `name` is what the call gives as startedBy.
struct Manner {
  std::string name;
  Json options;          ///< of RunTask: strategies, constraints
  bool spreads = false;  ///< over zones
  bool packs = false;    ///< by memory; with `spreads`, within a zone
  bool apart = false;    ///< no host has two tasks of the group
  bool racked = false;   ///< in a rack and zones that are named
};
const std::vector<Manner>& manners();

/// Throws Violation when the tasks of an instance take more of its CPU or memory than it has, a port of it
/// twice or a reserved one, or when the controller counts otherwise.
void checkLoad(const controller::State& state, const controller::Instance& instance);

/// Whether an instance that tasks may be placed on has room for one more that asks for so much.
bool hasRoom(const controller::State& state, const controller::Instance& instance,
             const controller::Resources& ask);
std::string attributeOf(const controller::Instance& instance, const char* name);

class Placements {
 public:
  /// The tasks among `mutations` that were not there before have just been placed, all by one call. Throws
  /// Violation when their hosts could not take them, are not what the call demanded, or when another host
  /// that could take one more was to be preferred.
  void check(const controller::State& state, const controller::Mutations& mutations);

  /// How many tasks were placed in each manner.
  const std::map<std::string, size_t>& placed() const { return placed_; }

 private:
  std::set<std::string> known_;  ///< tasks
  std::map<std::string, size_t> placed_;
};

}  // namespace berth::simulation
