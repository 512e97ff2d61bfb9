// A run: users who start and stop tasks, faults, and the invariants. What the controller changes is checked
// at that step; all of the state, and the hosts, at the first step of each second.
#pragma once

#include <set>

#include "tests/simulation/cluster.hpp"
#include "tests/simulation/job_rules.hpp"
#include "tests/simulation/placements.hpp"
#include "tests/simulation/service_rules.hpp"

namespace berth::simulation {

/// A task of a run that leaves nothing to chance.
struct Planned {
  std::string family;
  bool stop = false;  ///< its user stops it when it has long been running
};

struct ScenarioOptions {
  size_t agents = 5;
  size_t tasks = 50;
  /// Many hosts: calls ask for several tasks, placed in some manner; hosts are drained, and lost for long.
  bool fleet = false;
  size_t services = 0;                         ///< that are scaled and rolled meanwhile, and a DAEMON
  bool jobs = false;                           ///< some of all sorts
  Duration faults = std::chrono::seconds(90);  ///< how long things go wrong
  Duration quiet = std::chrono::seconds(240);  ///< how long everything then has to come to rest
  std::vector<Planned> plan;                   ///< instead of tasks and faults by chance
  Crash crash;                                 ///< of the controller or of the first agent
};

struct ScenarioResult {
  uint64_t steps = 0;
  size_t stopped = 0;
  size_t running = 0;
  size_t placed = 0;                      ///< tasks that users were told of
  std::map<std::string, size_t> manners;  ///< of those in a fleet, by their manner
  size_t withoutRoom = 0;                 ///< calls of a fleet's users for which no host had room
  size_t lost = 0;                ///< times that an agent fell silent and the same controller found out
  size_t replaced = 0;            ///< tasks of a lost agent that were stopped and run elsewhere
  size_t drained = 0;             ///< instances
  size_t rolled = 0;              ///< healthy tasks of services that were stopped for others, or scaled in
  size_t servicesReplaced = 0;    ///< tasks of services on lost hosts
  size_t alarmed = 0;             ///< deployments that an alarm has ended
  size_t jobRuns = 0;             ///< that are over
  size_t retried = 0;             ///< attempts of them behind a first one
  size_t crashes = 0;             ///< of the controller, those by chance
  uint64_t failedCommits = 0;     ///< of the controller
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
  void breakOne();
  void breakAgent(AgentNode& agent);
  void crashController();
  void cut(AgentNode& agent);
  void loseAgent(AgentNode& agent, Duration length);
  void setClock();
  void setUpFleet();
  void askFleet(int64_t count);
  void giveUp(const AgentNode& agent);
  void drainAny();
  void setStatus(const std::string& instance, const char* status);
  void crashFleetController();
  void setUpServices();
  void updateService(size_t number);
  void rollDaemon();
  void ringAlarm();
  void setUpJobs();
  void runJobByHand();
  void restJobs();
  ScenarioResult result();
  void restartLater(std::function<void()> what);

  void checkStep();
  void checkChanges(const controller::Mutations& mutations);
  void checkController();
  /// Who waits for a place has none, and is not forgotten.
  void checkPatience();
  void checkTold(const std::string& id);
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
  std::chrono::seconds checked_{};  ///< the second in which all was checked last
  Placements placements_;
  ServiceRules services_;
  JobRules jobs_;
  ScenarioResult result_;
};

}  // namespace berth::simulation
