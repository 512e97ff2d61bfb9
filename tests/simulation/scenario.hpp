// A run: users who start and stop tasks, faults, and the invariants that are checked after every step.
#pragma once

#include <set>

#include "tests/simulation/cluster.hpp"

namespace berth::simulation {

/// A task of a run that leaves nothing to chance.
struct Planned {
  std::string family;
  bool stop = false;  ///< its user stops it when it has long been running
};

struct ScenarioOptions {
  size_t agents = 5;
  size_t tasks = 50;
  Duration faults = std::chrono::seconds(90);  ///< how long things go wrong
  Duration quiet = std::chrono::seconds(240);  ///< how long everything then has to come to rest
  std::vector<Planned> plan;                   ///< instead of tasks and faults by chance
  Crash crash;                                 ///< of the controller or of the first agent
};

struct ScenarioResult {
  uint64_t steps = 0;
  size_t stopped = 0;
  size_t running = 0;
  std::string fingerprint;        ///< of the final state: equal for equal seeds
  std::vector<std::string> ends;  ///< of the planned tasks, as the controller tells them
  uint64_t agentCommits = 0;      ///< of the first agent
  uint64_t controllerCommits = 0;
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
    std::optional<size_t> planned{};
  };

  void setUp();
  void call(const std::string& operation, const Json& input, std::function<void(const Json&)> then);
  void follow(size_t planned);
  void prepareCrash();
  std::string endOf(size_t planned);
  /// `waits`: for a place, when there is none.
  void runTask(const std::string& family, std::optional<size_t> planned, bool waits = false);
  void runAnyTask();
  void stopTask(const std::string& id);
  void stopAnyTask();
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
  std::map<agent::ContainerKey, MonoTime> unended_;  ///< when each was last seen not to be STOPPED
  std::set<std::string> tampered_;   ///< tasks whose container was removed behind the agent's back
  std::set<std::string> forgotten_;  ///< tasks whose records an agent has lost
  uint64_t steps_ = 0;
  uint64_t checked_ = 0;  ///< the controller's touched() at the last check: in between nothing can change
};

}  // namespace berth::simulation
