#include "tests/simulation/scenario.hpp"

#include <algorithm>

#include "controller/model/entities.hpp"

namespace berth::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kFamilies[] = {"web", "web",     "web",        "stubborn", "job",   "crash",
                                     "oom", "missing", "badcommand", "again",    "chain", "broken"};

/// Families whose tasks run until they are stopped.
bool lasts(const std::string& family) {
  return family == "web" || family == "stubborn" || family == "again" || family == "chain";
}

Json depends(const char* container, const char* condition) {
  return Json::array({Json{{"containerName", container}, {"condition", condition}}});
}

/// What the containers of a family are; most have one that matters and one beside it.
Json containersOf(const std::string& family) {
  Json main{{"name", "main"}, {"image", family}, {"memory", 100}, {"cpu", 100}, {"stopTimeout", 5}};
  Json port{{"containerPort", 80}};
  if (family == "stubborn") port["hostPort"] = 8080;
  main["portMappings"] = Json::array({port});
  Json side{{"name", "side"}, {"image", "web"}, {"memory", 50}, {"essential", false}};
  if (family == "again") main["restartPolicy"] = Json{{"enabled", true}, {"restartAttemptPeriod", 0}};
  if (family != "chain" && family != "broken") return Json::array({main, side});
  // A job first, then a service that has to be healthy, then the one that matters.
  main["image"] = "web";
  Json first{{"name", "first"},
             {"image", family == "broken" ? "crash" : "job"},
             {"memory", 50},
             {"essential", false}};
  side["image"] = "slow";
  side["healthCheck"] = Json{{"command", Json::array({"CMD", "true"})}};
  side["dependsOn"] = depends("first", "SUCCESS");
  main["dependsOn"] = depends("side", "HEALTHY");
  main["mountPoints"] = Json::array({Json{{"sourceVolume", "scratch"}, {"containerPath", "/scratch"}}});
  return Json::array({main, side, first});
}

/// A run needs some ten thousand steps.
constexpr uint64_t kMostSteps = 1'000'000;

std::string idOf(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

}  // namespace

Scenario::Scenario(uint64_t seed, ScenarioOptions options)
    : options_(options), cluster_(seed, options.agents) {}

/// A user's call: tried until it gets through, as their tools do.
void Scenario::call(const std::string& operation, const Json& input, std::function<void(const Json&)> then) {
  cluster_.request(operation, input, forever_, [this, operation, input, then](Result<Json> reply) {
    if (reply) return then(*reply);
    bool transport = reply.error().retryable;
    // RunTask may come before the first instance, or before the cluster or the definition got through; like a
    // script, the user tries again.
    bool early = false;
    for (const char* missing : {"No Container Instances", "TaskDefinition not found", "Cluster not found"}) {
      early |= reply.error().message.find(missing) != std::string::npos;
    }
    if (!transport && !early) throw Violation(operation + ": " + reply.error().message);
    cluster_.world().after(seconds(1), forever_,
                           [this, operation, input, then] { call(operation, input, then); });
  });
}

void Scenario::setUp() {
  cluster_.controller().onDurable = [this](const controller::Mutations& mutations) {
    for (const controller::Mutation& mutation : mutations) {
      if (mutation.kind != controller::Kind::Task || !mutation.value) continue;
      const auto& task = std::get<controller::Task>(*mutation.value);
      auto& furthest = furthest_[task.id];
      furthest = std::max(furthest, task.lastStatus);
    }
  };
  call("CreateCluster", Json::object(), [this](const Json&) {
    for (auto& agent : cluster_.agents()) agent->start();
  });
  for (const std::string& family : std::set<std::string>(std::begin(kFamilies), std::end(kFamilies))) {
    Json input{{"family", family}, {"containerDefinitions", containersOf(family)}};
    input["volumes"] = Json::array({Json{{"name", "scratch"}}});
    call("RegisterTaskDefinition", input, [](const Json&) {});
  }
  for (size_t i = 0; i < options_.tasks; ++i) {
    Duration at = cluster_.world().between(seconds(5), options_.faults);
    cluster_.world().after(at, forever_, [this] { runTask(); });
  }
}

void Scenario::runTask() {
  World& world = cluster_.world();
  std::string image = kFamilies[world.random().below(std::size(kFamilies))];
  Json input{{"taskDefinition", image}, {"clientToken", randomUuid(world.random())}};
  call("RunTask", input, [this, image](const Json& reply) {
    ++asked_;
    for (const Json& task : reply["tasks"]) {
      std::string arn = task["taskArn"].get<std::string>();
      told_[idOf(arn)] = Wish{arn, image, false};
    }
  });
  if (world.chance(0.4)) {
    world.after(world.between(Duration(0), seconds(30)), forever_, [this] { stopTask(); });
  }
}

void Scenario::stopTask() {
  if (told_.empty()) return;
  auto it = told_.begin();
  std::advance(it, static_cast<int64_t>(cluster_.world().random().below(told_.size())));
  std::string id = it->first;
  call("StopTask", Json{{"task", it->second.arn}}, [this, id](const Json&) { told_[id].stopAsked = true; });
}

void Scenario::restartLater(std::function<void()> what) {
  World& world = cluster_.world();
  world.after(world.between(milliseconds(1), seconds(8)), forever_, std::move(what));
}

void Scenario::breakSomething() {
  World& world = cluster_.world();
  if (!world.faults()) return;
  AgentNode& agent = *cluster_.agents()[world.random().below(cluster_.agents().size())];
  switch (world.random().below(5)) {
    case 4:
      if (world.chance(0.5)) agent.runtime().hang(world.between(seconds(1), seconds(60)));
      break;
    case 0:
      if (!agent.up()) break;
      agent.kill();
      if (world.chance(0.2)) {
        for (const std::string& arn : agent.loseState(world.chance(0.5))) forgotten_.insert(idOf(arn));
      }
      restartLater([&agent] { agent.start(); });
      break;
    case 1:
      if (!cluster_.controller().up()) break;
      cluster_.controller().kill();
      restartLater([this] { cluster_.controller().start(); });
      break;
    case 2:
      agent.cut();
      break;
    case 3:
      if (world.chance(0.2)) tampered_.insert(idOf(agent.runtime().removeSomething()));
      break;
  }
  world.after(world.between(milliseconds(100), seconds(4)), forever_, [this] { breakSomething(); });
}

ScenarioResult Scenario::run() {
  World& world = cluster_.world();
  setUp();
  world.after(seconds(6), forever_, [this] { breakSomething(); });
  MonoTime end_of_faults = world.now().mono + options_.faults;
  while (world.step(end_of_faults)) checkStep();
  world.endFaults();
  MonoTime end = end_of_faults + options_.quiet;
  while (world.step(end)) checkStep();
  checkEnd();
  ScenarioResult result;
  result.steps = steps_;
  for (const auto& [id, task] : cluster_.controller().state().tasks()) {
    bool stopped = task.lastStatus == controller::TaskStatus::Stopped;
    (stopped ? result.stopped : result.running) += 1;
    result.fingerprint += id + (stopped ? "S" : "R");
  }
  return result;
}

void Scenario::checkStep() {
  if (++steps_ > kMostSteps) throw Violation("a live lock: time stands still while things go on happening");
  if (cluster_.controller().up() && cluster_.controller().touched() != checked_) {
    checked_ = cluster_.controller().touched();
    checkController();
  }
  if (steps_ % 64 == 0) {
    checkHosts();
    checkWaiting();
  }
}

void Scenario::checkController() {
  const controller::State& state = cluster_.controller().state();
  for (const auto& [id, wish] : told_) {
    const controller::Task* task = state.task(id);
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
  for (const auto& [id, instance] : state.instances()) {
    const controller::Resources& used = state.used(id);
    if (used.cpu > instance.registered.cpu || used.memory > instance.registered.memory) {
      throw Violation("instance " + id + " was given more than it has");
    }
  }
}

void Scenario::checkHosts() {
  std::map<std::string, size_t> host_of;
  for (size_t i = 0; i < cluster_.agents().size(); ++i) {
    for (const agent::ContainerKey& key : cluster_.agents()[i]->runtime().running()) {
      auto [it, added] = host_of.emplace(key.taskArn, i);
      if (it->second != i) throw Violation("task " + key.taskArn + " runs on two hosts");
    }
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
        // A container of which a start was asked and never heard of again is the one doubt that is left.
        const bool doubt = !agent::hasRun(container) || container.inFlight == agent::Step::Start ||
                           container.startDoubted;
        if (stopped && !doubt && agent->runtime().lives(container.runtimeName)) {
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

void Scenario::checkEnd() {
  const controller::State& state = cluster_.controller().state();
  std::set<std::string> should_run;
  for (const auto& [id, task] : state.tasks()) {
    bool stopped = task.lastStatus == controller::TaskStatus::Stopped;
    std::string family = task.definition.substr(0, task.definition.find(':'));
    if (task.stopWanted && !stopped) throw Violation("a stop was never done: " + id + seenByAgents(id));
    if (!stopped && task.lastStatus != controller::TaskStatus::Running) {
      throw Violation("task " + id + " of " + family + " is stuck in " + std::string(name(task.lastStatus)) +
                      seenByAgents(id));
    }
    if (!stopped && !lasts(family)) throw Violation("task " + id + " of " + family + " should have ended");
    bool reason = task.stopCode == "UserInitiated" || tampered_.contains(id);
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
