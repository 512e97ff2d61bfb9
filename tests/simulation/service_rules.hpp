// What must hold of services whatever fails, worked out from their tasks and not from what plans their steps.
#pragma once

#include <map>
#include <set>
#include <string>

#include "controller/core/controller.hpp"

namespace berth::simulation {

class ServiceRules {
 public:
  /// The controller has started with what is stored.
  void start(const controller::State& state, MonoTime now);
  /// Throws Violation when one output of the controller has started tasks beyond a maximum, or stopped
  /// healthy ones below a minimum.
  void check(const controller::State& state, const controller::Mutations& mutations, Now now);
  /// Throws Violation when tasks of a host that has been away for too long are still counted on.
  void checkLost(const controller::State& state, MonoTime now);
  /// Throws Violation unless each service has come to rest with what it wants.
  void checkEnd(const controller::State& state) const;

  size_t replaced() const { return replaced_; }
  size_t alarmed() const { return alarmed_.size(); }
  size_t rolled() const { return rolled_; }

 private:
  struct Known {
    bool stopWanted = false;
    bool healthy = false;  ///< beyond doubt
  };
  /// What an output has done to a service.
  struct Step {
    bool started = false;
    bool stoppedHealthy = false;
  };

  void noteThere(const std::string& instance, MonoTime now);

  std::map<std::string, Known> known_;         ///< tasks of services
  std::map<std::string, MonoTime> awaySince_;  ///< instances
  std::set<std::string> seen_;     ///< instances that this process of the controller has had a session of
  std::set<std::string> alarmed_;  ///< deployments that an alarm has ended
  size_t replaced_ = 0;
  size_t rolled_ = 0;
};

}  // namespace berth::simulation
