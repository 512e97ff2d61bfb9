// What must always hold, and what must hold once everything has come to rest.
#include <algorithm>

#include "controller/model/entities.hpp"
#include "tests/simulation/families.hpp"
#include "tests/simulation/scenario.hpp"

namespace berth::simulation {
namespace {

/// For each agent; a run needs some thousand.
constexpr uint64_t kMostSteps = 200'000;
constexpr const char* kOfService = "ServiceSchedulerInitiated";

}  // namespace

void Scenario::checkStep() {
  if (++steps_ > kMostSteps * options_.agents) {
    throw Violation("a live lock: time stands still while things go on happening");
  }
  const auto second =
      std::chrono::duration_cast<std::chrono::seconds>(cluster_.world().now().mono.time_since_epoch());
  if (second == checked_) return;
  checked_ = second;
  if (cluster_.controller().up()) checkController();
  checkHosts();
  checkWaiting();
}

/// The state of the controller changes by these alone, and when it starts.
void Scenario::checkChanges(const controller::Mutations& mutations) {
  const controller::State& state = cluster_.controller().state();
  std::set<std::string> instances;
  for (const controller::Mutation& mutation : mutations) {
    if (mutation.kind == controller::Kind::Task && told_.contains(mutation.key)) checkTold(mutation.key);
    if (const auto* task = mutation.as<controller::Task>()) instances.insert(task->instance);
  }
  for (const std::string& id : instances) {
    if (const controller::Instance* instance = state.instance(id)) checkLoad(state, *instance);
  }
  placements_.check(state, mutations);
  services_.check(state, mutations, cluster_.world().now());
  jobs_.check(state, mutations);
}

void Scenario::checkPatience() {
  const controller::State& state = cluster_.controller().state();
  for (const controller::Task* task : state.waitingIn("default")) {
    const auto wait = cluster_.controller().waiting().waitOf(task->id);
    if (!wait) throw Violation("a task waits that nobody will try again: " + task->id);
    size_t refused = 0;
    for (const auto& [why, count] : wait->refused) refused += count;
    if (refused < state.fleet().in("default").size()) {
      throw Violation("a task waits that there is a place for: " + task->id);
    }
  }
}

void Scenario::checkController() {
  for (const auto& [id, wish] : told_) checkTold(id);
  checkPatience();
  const controller::State& state = cluster_.controller().state();
  for (const auto& instance : state.instances()) checkLoad(state, *instance);
  if (options_.services > 0) services_.checkLost(state, cluster_.world().now().mono);
}

void Scenario::checkTold(const std::string& id) {
  const controller::Task* task = cluster_.controller().state().task(id);
  if (!task) throw Violation("a task that a user was told of is lost: " + id);
  // Only what is durable binds: what was in memory alone goes with a commit that fails.
  auto furthest = furthest_[id];
  if (task->lastStatus < furthest) {
    throw Violation("a task went back from " + std::string(name(furthest)) + " to " +
                    std::string(name(task->lastStatus)) + ": " + id);
  }
  if (task->lastStatus == controller::TaskStatus::Stopped && task->stopCode.empty()) {
    throw Violation("a task stopped without a reason: " + id);
  }
}

void Scenario::checkHosts() {
  std::map<std::string, size_t> host_of;
  for (size_t i = 0; i < cluster_.agents().size(); ++i) {
    const AgentNode& agent = *cluster_.agents()[i];
    for (const agent::ContainerKey& key : agent.runtime().running()) {
      auto [it, added] = host_of.emplace(key.taskArn, i);
      if (it->second != i) throw Violation("task " + key.taskArn + " runs on two hosts");
    }
    if (!agent.withinItsMeans()) throw Violation("host " + std::to_string(i) + " runs more than it can");
  }
}

/// What the agents know of a task, for the text of a violation.
std::string Scenario::seenByAgents(const std::string& id) {
  std::string out;
  for (auto& agent : cluster_.agents()) {
    if (!agent->engine()) continue;
    for (const auto& [arn, task] : agent->engine()->tasks()) {
      if (idOf(arn) != id) continue;
      out += std::string("\n  agent: stopWanted=") + (task.stopWanted ? "1" : "0") +
             " sent=" + std::string(name(task.sent)) + " reporting=" + (task.reporting ? "1" : "0");
      for (const agent::Container& container : task.containers) {
        out += "\n    " + container.spec.name + " known=" + std::string(name(container.known)) +
               " inFlight=" + std::string(name(container.inFlight)) +
               " uncertain=" + (container.uncertain ? "1" : "0") + " waiting=" + container.waiting;
      }
    }
  }
  return out.empty() ? "\n  no agent knows it" : out;
}

/// Nothing waits without a reason that people can see, and what has ended has.
void Scenario::checkWaiting() {
  for (auto& agent : cluster_.agents()) {
    if (!agent->up() || !agent->engine()) continue;
    std::set<agent::ContainerKey> waiting;
    for (const agent::Waiting& one : agent->engine()->waiting(cluster_.world().now())) {
      if (one.what.empty()) throw Violation("a container waits for nothing: " + one.key.taskArn);
      waiting.insert(one.key);
    }
    for (const auto& [arn, task] : agent->engine()->tasks()) {
      for (const agent::Container& container : task.containers) {
        bool stopped = container.known == agent::ContainerStatus::Stopped;
        const agent::ContainerKey key{arn, container.spec.name};
        if (!stopped) unended_[key] = cluster_.world().now().mono;
        // A start that was asked for, not heard of again and given up is the one doubt that is left: a life
        // that begins behind the kernel's last look is ended as soon as it is heard of.
        if (stopped && agent->runtime().lives(container.runtimeName) &&
            agent->runtime().began(container.runtimeName) < unended_[key] &&
            !agent->runtime().beganBehindItsEnd(container.runtimeName)) {
          throw Violation("container " + container.spec.name + " of " + arn + " is STOPPED and lives");
        }
        bool resting =
            stopped || (container.known == agent::ContainerStatus::Running && !agent::mustStop(task));
        if (!resting && !waiting.contains({arn, container.spec.name})) {
          throw Violation("container " + container.spec.name + " of " + arn + " waits without a reason");
        }
      }
    }
  }
}

/// Whether it may have ended before its time: somebody took a container of it away, one of its first steps
/// has failed as often as an agent tries, or an agent could not tell the age of a container and so its
/// timeout.
bool Scenario::excused(const std::string& id) const {
  if (tampered_.contains(id)) return true;
  const StartLedger& ledger = cluster_.ledger();
  const int attempts = agent::EngineOptions{}.attempts;
  const bool failed = std::ranges::any_of(ledger.failures, [&](const auto& entry) {
    return entry.second >= attempts && entry.first.ends_with(id);
  });
  return failed || std::ranges::any_of(ledger.misdated, [&](const auto& arn) { return arn.ends_with(id); });
}

/// A container that ended by itself has its own exit code, as the controller tells it.
void Scenario::checkExitCodes(const controller::Task& task, const std::string& family) const {
  if (task.stopCode == "UserInitiated" || task.stopCode == kOfService || excused(task.id)) return;
  for (size_t place = 0; place < task.containers.size(); ++place) {
    const controller::TaskContainer& container = task.containers[place];
    const std::string& named = task.spec->containers[place].name;
    const std::optional<int> code = exitCodeOf(family, named);
    const bool over = container.status == controller::ContainerStatus::Stopped;
    if (!code || !over || container.exitCode == code) continue;
    throw Violation("container " + named + " of task " + task.id + " of " + family + " ended with " +
                    (container.exitCode ? std::to_string(*container.exitCode) : "no exit code") + ", not " +
                    std::to_string(*code) + ": " + container.reason);
  }
}

void Scenario::checkEnd() {
  const controller::State& state = cluster_.controller().state();
  services_.checkEnd(state);
  std::set<std::string> should_run;
  for (const auto& known : state.tasks()) {
    const controller::Task& task = *known;
    const std::string& id = task.id;
    bool stopped = task.lastStatus == controller::TaskStatus::Stopped;
    std::string family = task.spec->family();
    if (task.stopWanted && !stopped) throw Violation("a stop was never done: " + id + seenByAgents(id));
    if (task.waits()) {
      if (told_.contains(id) && told_.at(id).stopAsked) throw Violation("a stop was forgotten: " + id);
      continue;
    }
    if (!stopped && task.lastStatus != controller::TaskStatus::Running) {
      throw Violation("task " + id + " of " + family + " is stuck in " + std::string(name(task.lastStatus)) +
                      seenByAgents(id));
    }
    checkExitCodes(task, family);
    if (!stopped && !lasts(family)) throw Violation("task " + id + " of " + family + " should have ended");
    // Jobs stop tasks for the run that replaces them, and at the end of their life.
    const bool of_job = task.startedBy.starts_with(controller::startedByJob(""));
    bool reason = task.stopCode == "UserInitiated" || task.stopCode == kOfService || of_job || excused(id);
    if (stopped && lasts(family) && !reason) {
      throw Violation("task " + id + " ended for no reason: " + task.stopCode + ", " + task.stoppedReason +
                      (task.containers.empty() ? "" : ", " + task.containers[0].reason));
    }
    if (!stopped) should_run.insert(id);
  }
  for (const auto& [id, wish] : told_) {
    if (wish.stopAsked && should_run.contains(id)) throw Violation("a stop was forgotten: " + id);
  }
  std::set<std::string> runs;
  for (auto& agent : cluster_.agents()) {
    for (const agent::ContainerKey& key : agent->runtime().running()) runs.insert(idOf(key.taskArn));
    for (const auto& [arn, task] : agent->engine()->tasks()) {
      // Between two lives it does not run, and is said to, as its policy has it.
      bool waits = std::ranges::any_of(task.containers, &agent::Container::restarting);
      if (waits && should_run.contains(idOf(arn))) runs.insert(idOf(arn));
    }
    agent->checkCleanedUp();
    for (const std::string& id : agent->runtime().setUps()) {
      auto known = [&](const auto& entry) { return idOf(entry.first) == id; };
      // What the tasks shared of which the controller, too, wanted nothing any more is left where it is.
      if (forgotten_.contains(id)) continue;
      if (std::ranges::none_of(agent->engine()->tasks(), known)) throw Violation("set up and left: " + id);
    }
  }
  for (const std::string& id : runs) {
    if (!should_run.contains(id)) throw Violation("an orphan runs: " + id);
  }
  for (const std::string& id : should_run) {
    if (!runs.contains(id)) throw Violation("a task is said to run and does not: " + id);
  }
}

}  // namespace berth::simulation
