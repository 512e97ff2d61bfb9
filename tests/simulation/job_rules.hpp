// What must hold of jobs whatever fails, worked out from their runs and not from what begins them.
#pragma once

#include <map>
#include <set>
#include <string>

#include "controller/core/controller.hpp"

namespace berth::simulation {

class JobRules {
 public:
  /// The controller has started with what is stored.
  void start(const controller::State& state);
  /// Throws Violation when one output of the controller has opened a run that was over, begun more attempts
  /// than its job allows, given a task to two attempts, or let runs overlap that must not.
  void check(const controller::State& state, const controller::Mutations& mutations);
  /// Throws Violation when a task of a job runs that no open run has, or when a job that is due each minute
  /// had no run of late.
  void checkEnd(const controller::State& state, WallTime now) const;

  size_t ended() const { return ended_; }
  size_t retried() const { return retried_; }

 private:
  void checkRun(const controller::JobRun& run);

  std::map<std::string, controller::JobRun> known_;
  std::map<std::string, std::string> attempt_of_;  ///< task -> run and number of the attempt
  size_t ended_ = 0;
  size_t retried_ = 0;
};

}  // namespace berth::simulation
