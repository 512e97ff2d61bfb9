#include "tests/simulation/scenario.hpp"

#include <algorithm>

#include "controller/model/entities.hpp"
#include "tests/simulation/families.hpp"

namespace berth::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A fleet makes as many commits in a second as a small cluster in a run, and after each that fails all
/// agents have to come back.
constexpr double kFleetFailing = 0.0004;
/// After the last frame of an agent that may be on its way.
constexpr Duration kKnownLostWithin = controller::DeliveryOptions{}.lostAfter + kLatest + milliseconds(10);

}  // namespace

Scenario::Scenario(uint64_t seed, ScenarioOptions options)
    : options_(options), cluster_(seed, options.agents) {
  if (options_.fleet) cluster_.controller().disk().setFailing(kFleetFailing);
}

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
      const auto* task = mutation.as<controller::Task>();
      if (!task) continue;
      auto& furthest = furthest_[task->id];
      furthest = std::max(furthest, task->lastStatus);
    }
  };
  cluster_.controller().onChange = [this](const controller::Mutations& mutations) {
    checkChanges(mutations);
  };
  cluster_.controller().onStart = [this] {
    services_.start(cluster_.controller().state(), cluster_.world().now().mono);
    jobs_.start(cluster_.controller().state());
    checkController();
  };
  call("CreateCluster", Json::object(), [this](const Json&) {
    for (auto& agent : cluster_.agents()) agent->start();
  });
  std::set<std::string> families(std::begin(kFamilies), std::end(kFamilies));
  families.insert("small");
  for (const std::string& family : families) {
    Json input{{"family", family}, {"containerDefinitions", containersOf(family)}};
    input["volumes"] = Json::array({Json{{"name", "scratch"}}});
    call("RegisterTaskDefinition", input, [](const Json&) {});
  }
  for (size_t i = 0; i < options_.plan.size(); ++i) follow(i);
  if (!options_.plan.empty()) return;
  if (options_.fleet) return setUpFleet();
  setUpServices();
  setUpJobs();
  for (size_t i = 0; i < options_.tasks; ++i) {
    Duration at = cluster_.world().between(seconds(5), options_.faults);
    cluster_.world().after(at, forever_, [this] { runAnyTask(); });
  }
}

void Scenario::runTask(const std::string& family, std::optional<size_t> planned, bool waits) {
  Json input{{"taskDefinition", family}, {"clientToken", randomUuid(cluster_.world().random())}};
  // Longer than a run, and than what the wall clock is set by.
  const Json patient{{"key", "berth:wait"}, {"value", "2d"}};
  if (waits) input["tags"] = Json::array({patient});
  call("RunTask", input, [this, family, planned](const Json& reply) {
    ++asked_;
    // No instance takes it: there is no room, or its agent is not there.
    if (planned && reply["tasks"].empty()) {
      cluster_.world().after(seconds(1), forever_, [this, family, planned] { runTask(family, planned); });
    }
    for (const Json& task : reply["tasks"]) {
      std::string arn = task["taskArn"].get<std::string>();
      told_[idOf(arn)] = Wish{arn, family, false, planned};
    }
  });
}

void Scenario::runAnyTask() {
  World& world = cluster_.world();
  // Each host has one port for a stubborn task, so most of these find no place at first.
  if (world.chance(0.2)) {
    runTask("stubborn", std::nullopt, true);
  } else {
    runTask(kFamilies[world.random().below(std::size(kFamilies))], std::nullopt);
  }
  if (world.chance(0.4)) {
    world.after(world.between(Duration(0), seconds(30)), forever_, [this] { stopAnyTask(); });
  }
}

void Scenario::stopTask(const std::string& id) {
  call("StopTask", Json{{"task", told_[id].arn}}, [this, id](const Json&) { told_[id].stopAsked = true; });
}

void Scenario::stopAnyTask() {
  if (told_.empty()) return;
  auto it = told_.begin();
  std::advance(it, static_cast<int64_t>(cluster_.world().random().below(told_.size())));
  stopTask(it->first);
}

void Scenario::restartLater(std::function<void()> what) {
  World& world = cluster_.world();
  world.after(world.between(milliseconds(1), seconds(8)), forever_, std::move(what));
}

/// Somebody sets the clock of all hosts, by little or by much.
void Scenario::setClock() {
  World& world = cluster_.world();
  const auto off = [&](Duration most) {
    return std::chrono::duration_cast<milliseconds>(world.between(-most, most));
  };
  if (world.chance(0.5)) {
    world.setWall(world.wallOff() + off(seconds(3)));
  } else {
    world.setWall(off(std::chrono::hours(6)));
  }
  for (auto& agent : cluster_.agents()) agent->runtime().noteAges();
}

void Scenario::breakAgent(AgentNode& agent) {
  if (!agent.up()) return;
  agent.kill();
  if (cluster_.world().chance(0.2)) {
    const bool all = cluster_.world().chance(0.5);
    for (const std::string& arn : agent.loseState(all)) forgotten_.insert(idOf(arn));
  }
  restartLater([&agent] { agent.start(); });
}

void Scenario::crashController() {
  if (!cluster_.controller().up()) return;
  ++result_.crashes;
  cluster_.controller().kill();
  restartLater([this] { cluster_.controller().start(); });
}

void Scenario::cut(AgentNode& agent) {
  World& world = cluster_.world();
  if (world.chance(0.3)) return loseAgent(agent, world.between(seconds(10), seconds(60)));
  agent.cut(world.between(milliseconds(250), seconds(10)), false);
}

/// Nobody tells the controller, and when the time has come it knows.
void Scenario::loseAgent(AgentNode& agent, Duration length) {
  agent.cut(length, true);
  if (length <= kKnownLostWithin) return;
  const MonoTime began = cluster_.world().now().mono;
  cluster_.world().after(kKnownLostWithin, forever_, [this, &agent, began] {
    if (!cluster_.controller().up() || agent.instanceArn().empty()) return;
    const std::string id = idOf(agent.instanceArn());
    const controller::Instance* instance = cluster_.controller().state().instance(id);
    if (instance && instance->connected) throw Violation("an agent is lost and held to be there: " + id);
    // One that has been started since knows no session of before.
    if (cluster_.controller().startedAt() <= began) ++result_.lost;
    if (options_.fleet && cluster_.world().chance(0.5)) giveUp(agent);
  });
}

void Scenario::breakOne() {
  World& world = cluster_.world();
  AgentNode& agent = *cluster_.agents()[world.random().below(cluster_.agents().size())];
  switch (world.random().below(6)) {
    case 0:
      return breakAgent(agent);
    case 1:
      return options_.fleet ? drainAny() : crashController();
    case 2:
      return cut(agent);
    case 3:
      if (world.chance(0.2)) tampered_.insert(idOf(agent.runtime().removeSomething()));
      return;
    case 4:
      if (world.chance(0.5)) agent.runtime().hang(world.between(seconds(1), seconds(60)));
      return;
    case 5:
      if (!options_.fleet || world.chance(0.05)) setClock();
      return;
  }
}

void Scenario::breakSomething() {
  World& world = cluster_.world();
  if (!world.faults()) return;
  breakOne();
  const Duration most = options_.fleet ? milliseconds(250) : milliseconds(4000);
  world.after(world.between(most / 40, most), forever_, [this] { breakSomething(); });
}

ScenarioResult Scenario::run() {
  World& world = cluster_.world();
  if (!options_.plan.empty()) world.endFaults();
  prepareCrash();
  setUp();
  world.after(seconds(6), forever_, [this] { breakSomething(); });
  MonoTime end_of_faults = world.now().mono + options_.faults;
  while (world.step(end_of_faults)) checkStep();
  world.endFaults();
  MonoTime end = end_of_faults + options_.quiet;
  while (world.step(end)) checkStep();
  // Who was killed in the last moments has to come back and to rest, too.
  const bool back = cluster_.controller().up() &&
                    std::ranges::all_of(cluster_.agents(), [](const auto& one) { return one->up(); });
  if (!back) {
    end += options_.quiet;
    while (world.step(end)) checkStep();
  }
  checkController();
  checkEnd();
  return result();
}

ScenarioResult Scenario::result() {
  ScenarioResult result = result_;
  result.steps = steps_;
  result.placed = told_.size();
  result.manners = placements_.placed();
  for (const auto& task : cluster_.controller().state().tasks()) {
    bool stopped = task->lastStatus == controller::TaskStatus::Stopped;
    (stopped ? result.stopped : result.running) += 1;
    result.fingerprint += task->id + (stopped ? "S" : "R");
  }
  result.rolled = services_.rolled();
  result.servicesReplaced = services_.replaced();
  result.alarmed = services_.alarmed();
  result.jobRuns = jobs_.ended();
  result.retried = jobs_.retried();
  for (size_t i = 0; i < options_.plan.size(); ++i) result.ends.push_back(endOf(i));
  result.agentCommits = cluster_.agents()[0]->disk().commits();
  result.controllerCommits = cluster_.controller().disk().commits();
  result.failedCommits = cluster_.controller().disk().failed();
  return result;
}

}  // namespace berth::simulation
