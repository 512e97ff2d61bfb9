// A run: users who start and stop tasks, faults, and the invariants that are checked after every step.
#pragma once

#include <set>

#include "tests/simulation/cluster.hpp"

namespace berth::simulation {

struct ScenarioOptions {
  size_t agents = 5;
  size_t tasks = 50;
  Duration faults = std::chrono::seconds(90);  ///< how long things go wrong
  Duration quiet = std::chrono::seconds(240);  ///< how long everything then has to come to rest
};

struct ScenarioResult {
  uint64_t steps = 0;
  size_t stopped = 0;
  size_t running = 0;
  std::string fingerprint;  ///< of the final state: equal for equal seeds
};

class Scenario {
 public:
  Scenario(uint64_t seed, ScenarioOptions options);
  /// Throws Violation.
  ScenarioResult run();

 private:
  struct Wish {
    std::string arn;
    std::string image;
    bool stopAsked = false;
  };

  void setUp();
  void call(const std::string& operation, const Json& input, std::function<void(const Json&)> then);
  void runTask();
  void stopTask();
  void breakSomething();
  void setClock();
  void restartLater(std::function<void()> what);

  void checkStep();
  void checkController();
  void checkHosts();
  void checkWaiting();
  void checkEnd();
  void checkExitCodes(const controller::Task& task, const std::string& family) const;
  bool excused(const std::string& id) const;
  std::string seenByAgents(const std::string& id);

  ScenarioOptions options_;
  Cluster cluster_;
  Alive forever_ = std::make_shared<bool>(true);
  size_t asked_ = 0;
  std::map<std::string, Wish> told_;  ///< task id -> what its user was told and wants
  std::map<std::string, controller::TaskStatus> furthest_;
  std::set<std::string> tampered_;   ///< tasks whose container was removed behind the agent's back
  std::set<std::string> forgotten_;  ///< tasks whose records an agent has lost
  uint64_t steps_ = 0;
  uint64_t checked_ = 0;  ///< the controller's touched() at the last check: in between nothing can change
};

}  // namespace berth::simulation
