// An engine at rest, its surroundings played by hand.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "agent/engine/engine.hpp"
#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent::sample {

inline constexpr const char* kInstance = "arn:instance";
inline const ContainerKey kMain{kTaskArn, "main"};

/// The container "main" alone.
inline acs::Task oneContainer(const std::string& arn = kTaskArn) {
  acs::Task task = payload();
  task.arn = arn;
  task.containers.pop_back();
  return task;
}

inline acs::Task stopOf(acs::Task task) {
  task.desiredStatus = "STOPPED";
  return task;
}

inline acs::PayloadMessage message(acs::Task task, const std::string& id = "m1") {
  acs::PayloadMessage out;
  out.messageId = id;
  out.clusterArn = "arn:cluster";
  out.containerInstanceArn = kInstance;
  out.tasks.push_back(std::move(task));
  return out;
}

inline RuntimeContainer labelled(RuntimeContainer container, const std::string& task,
                                 const std::string& name = "main") {
  container.labels = {{kTaskLabel, task}, {kContainerLabel, name}};
  return container;
}

inline RuntimeEvent event(const std::string& id, const std::string& action) {
  RuntimeEvent out;
  out.containerId = id;
  out.detail = action;
  return out;
}

/// All effects of one kind, in order.
template <class E>
std::vector<E> effects(const Output& out) {
  std::vector<E> found;
  for (const Effect& one : out.effects) {
    if (const auto* effect = std::get_if<E>(&one)) found.push_back(*effect);
  }
  return found;
}

/// The first effect of a kind; nullptr when there is none.
template <class E>
const E* effect(const Output& out) {
  for (const Effect& one : out.effects) {
    if (const auto* found = std::get_if<E>(&one)) return found;
  }
  return nullptr;
}

/// The first message of a kind to the controller; nullptr when there is none.
template <class M>
const M* sent(const Output& out) {
  for (const Effect& one : out.effects) {
    const auto* send = std::get_if<SendEffect>(&one);
    if (!send) continue;
    if (const auto* found = std::get_if<M>(&send->message)) return found;
  }
  return nullptr;
}

/// One life of the container "c1" under a restart policy: how it begins and, much later, ends.
struct Life {
  explicit Life(int64_t second) {
    begun.startedAt = at(second).wall;
    ended.startedAt = begun.startedAt;
    ended.finishedAt = at(second + 89).wall;
  }
  RuntimeContainer begun = running("c1");
  RuntimeContainer ended = exited("c1", 1);
};

/// The container "main" alone, started again whatever ends it.
inline acs::Task startedAgain() {
  acs::Task task = oneContainer();
  task.containers[0].restartPolicy = {true, {}, 0};
  return task;
}

/// An engine at rest, and the steps of a start. Each call of now() is a second later.
struct Bench {
  explicit Bench(EngineOptions given = {}) : options(given) {}

  EngineOptions options;
  SeededRandom random{7};
  Engine engine{Identity{"default", kInstance, "us-east-1"}, options, random};
  int64_t second = 0;
  bool byHand = false;  ///< nothing is answered by itself

  Now now() { return at(++second); }
  Output payload(acs::Task task) { return settled(engine.onMessage(message(std::move(task)), now())); }
  Output done(Done answer) { return settled(engine.onDone(std::move(answer), now())); }
  /// Answers what a test is not about as it mostly is: no process is left, what is shared is made, the
  /// last line is read. Their
  /// effects are taken out, and what follows from the answers is added.
  Output settled(Output out) {
    if (byHand) return out;
    std::vector<Effect> effects = std::move(out.effects);
    out.effects.clear();
    for (Effect& effect : effects) {
      Output next;
      if (const auto* reap = std::get_if<ReapEffect>(&effect)) {
        next = engine.onDone(ReapDone{reap->key, false}, at(second));
      } else if (const auto* made = std::get_if<SetUpEffect>(&effect)) {
        next = engine.onDone(SetUpDone{made->taskArn, SetUpOutcome{}}, at(second));
      } else if (const auto* gone = std::get_if<TearDownEffect>(&effect)) {
        next = engine.onDone(TearDownDone{gone->taskArn, Status()}, at(second));
      } else if (const auto* tail = std::get_if<TailEffect>(&effect)) {
        next = engine.onDone(TailDone{tail->key, std::vector<std::string>{"the last line"}}, at(second));
      } else {
        out.effects.push_back(std::move(effect));
        continue;
      }
      next = settled(std::move(next));
      std::ranges::move(next.effects, std::back_inserter(out.effects));
      std::ranges::move(next.save, std::back_inserter(out.save));
      std::ranges::move(next.erase, std::back_inserter(out.erase));
    }
    return out;
  }
  Output pulled(const ContainerKey& key = kMain) {
    return done(PullDone{key, PullOutcome{"sha256:1", true}});
  }
  Output created(const ContainerKey& key = kMain, const std::string& id = "c1") {
    return done(CreateDone{key, id});
  }
  Output started(const ContainerKey& key = kMain, const std::string& id = "c1") {
    return done(StartDone{key, running(id)});
  }
  Output inspected(std::optional<RuntimeContainer> seen, const ContainerKey& key = kMain) {
    return done(InspectDone{key, std::move(seen)});
  }
  Output listed(std::vector<RuntimeContainer> seen) { return done(ListDone{std::move(seen)}); }
  Output reported(const Report& report) { return done(ReportDone{report, Status(), false}); }
  /// A task with one container, RUNNING; answers the last output, which reports that.
  Output run() {
    payload(oneContainer());
    pulled();
    created();
    return started();
  }
  /// The same, and the controller knows.
  void runAndReport() { reported(effect<ReportEffect>(run())->report); }
  /// A task that is started again, in its first life.
  void run(const Life& life) {
    payload(startedAgain());
    pulled();
    created();
    done(StartDone{kMain, life.begun});
  }
  /// At the engine's own next deadline.
  Output timer() {
    Now then{*engine.nextDeadline(), at(second).wall};
    second = std::max<int64_t>(second,
                               std::chrono::ceil<std::chrono::seconds>(then.mono.time_since_epoch()).count());
    return settled(engine.onTimer(then));
  }
  std::vector<Waiting> waiting() const { return engine.waiting(at(second)); }
  const Task& task(const std::string& arn = kTaskArn) { return engine.tasks().at(arn); }
  const Container& main() { return task().containers[0]; }
};

}  // namespace berth::agent::sample
