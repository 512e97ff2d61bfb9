// Which tasks may begin, and what they share.
#include <algorithm>
#include <utility>

#include "agent/engine/engine.hpp"

namespace berth::agent {
namespace {

constexpr int kTearDownTries = 10;

bool hasBegun(const Task& task) { return std::ranges::any_of(task.containers, mayExist); }

}  // namespace

void Engine::hold(Task& task) {
  if (holders_.insert(task.arn).second) take(used_, needsOf(task));
}

void Engine::release(Task& task) {
  if (holders_.erase(task.arn) == 0) return;
  giveBack(used_, needsOf(task));
  room_ = true;
}

std::string Engine::holdersOf(const Task& waiting) const {
  std::map<std::string, Needs> holders;
  for (const std::string& arn : holders_) {
    if (const auto it = tasks_.find(arn); it != tasks_.end()) holders.emplace(arn, needsOf(it->second));
  }
  return heldBy(needsOf(waiting), *options_.host, used_, holders);
}

void Engine::admit(Now now, Output& out) {
  if (!restored_) return;
  std::vector<std::string> changed;
  bool blocked = false;
  std::erase_if(queue_, [&](const std::string& arn) {
    auto it = tasks_.find(arn);
    if (it == tasks_.end() || mustStop(it->second)) return true;
    Task& task = it->second;
    // The first that finds no room makes those behind it wait: a large task would never start otherwise.
    auto lack = options_.host ? lacking(needsOf(task), *options_.host, used_) : std::nullopt;
    if (!lack && !blocked) {
      task.admitted = true;
      task.lacks.clear();
      hold(task);
      save(task);
      changed.push_back(arn);
      return true;
    }
    // The host may have become smaller since it came.
    if (auto never = lack ? neverFits(needsOf(task), *options_.host) : std::nullopt) {
      failTask(task, "ResourceError: The task asks for " + *never, now);
      changed.push_back(arn);
      return true;
    }
    std::string lacks = lack ? *lack + holdersOf(task) : "the tasks that came before it to be let in";
    if (task.lacks != lacks) touched_.insert(arn);
    task.lacks = std::move(lacks);
    blocked = true;
    if (now.mono < *task.admitBy) return false;
    failTask(task, "ResourceError: The task found no room on the host in time: " + task.lacks, now);
    changed.push_back(arn);
    return true;
  });
  for (const std::string& arn : changed) {
    if (auto it = tasks_.find(arn); it != tasks_.end()) advance(it->second, now, out);
  }
}

void Engine::setUp(Task& task, Now now, Output& out) {
  if (task.setUp != SetUp::Needed) return;
  if (mustStop(task)) return task.setUpRetryAt.reset();
  if (task.setUpRetryAt && now.mono < *task.setUpRetryAt) return;
  TaskSetUp what = setUpOf(task, options_.groups);
  if (what.empty()) {
    task.setUp = SetUp::Done;
    return;
  }
  task.setUp = SetUp::Doing;
  task.setUpRetryAt.reset();
  out.effects.push_back(SetUpEffect{task.arn, std::move(what)});
}

void Engine::finished(const SetUpDone& done, Now now, Output& out) {
  auto it = tasks_.find(done.taskArn);
  if (it == tasks_.end() || it->second.setUp != SetUp::Doing) return;
  Task& task = it->second;
  touched_.insert(task.arn);
  if (done.result) {
    task.setUp = SetUp::Done;
    task.setUpAttempts = 0;
    task.cgroupParent = done.result->cgroupParent;
    if (task.network != done.result->network) {
      task.network = done.result->network;
      save(task);
    }
    const std::vector<PortWish> wishes = setUpOf(task, options_.groups).ports;
    for (size_t i = 0; i < wishes.size() && i < done.result->firstPorts.size(); ++i) {
      Container* container = task.find(wishes[i].container);
      container->hostPorts.resize(container->spec.portMappings.size());
      container->hostPorts[wishes[i].mapping] = done.result->firstPorts[i];
    }
  } else {
    task.setUp = SetUp::Needed;
    task.setUpFailure = done.result.error().message;
    if (done.result.error().retryable && ++task.setUpAttempts < options_.attempts) {
      task.setUpRetryAt = now.mono + backOffDelay(task.setUpAttempts);
    } else if (hasBegun(task)) {
      // It was set up once, and what runs runs on it: only those that are still to be made can't be.
      task.setUp = SetUp::Done;
      for (Container& container : task.containers) {
        if (container.known < ContainerStatus::Created) fail(task, container, task.setUpFailure, now);
      }
    } else {
      failTask(task, done.result.error().message, now);
    }
  }
  advance(task, now, out);
}

void Engine::leaveNetwork(Task& task, Output& out) {
  if (!hasOwnNetwork(task.spec) || task.networkLeft || task.setUp == SetUp::Doing) return;
  task.networkLeft = task.leaving = true;
  TaskSetUp what;
  what.taskId = idOf(task);
  what.network = true;
  out.effects.push_back(TearDownEffect{task.arn, std::move(what)});
}

bool Engine::tearDown(Task& task, Now now, Output& out) {
  if (task.setUp == SetUp::Gone) return true;
  if (task.setUp == SetUp::TearingDown || task.leaving) return false;
  if (task.setUpRetryAt && now.mono < *task.setUpRetryAt) return false;
  task.setUpRetryAt.reset();
  TaskSetUp what = setUpOf(task, options_.groups);
  what.network = false;  // left by now
  if (what.ownVolumes.empty() && !what.group) return true;
  task.setUp = SetUp::TearingDown;
  out.effects.push_back(TearDownEffect{task.arn, std::move(what)});
  return false;
}

void Engine::finished(const TearDownDone& done, Now now, Output& out) {
  auto it = tasks_.find(done.taskArn);
  if (it == tasks_.end()) return;
  Task& task = it->second;
  // A network that could not be undone is the runtime's to undo.
  if (std::exchange(task.leaving, false)) return cleanUp(task, now, out);
  if (task.setUp != SetUp::TearingDown) return;
  // What can't be removed after all those tries is left to whoever looks after the host.
  const bool over = done.result.ok() || ++task.setUpAttempts >= kTearDownTries;
  task.setUp = over ? SetUp::Gone : SetUp::Done;
  if (!over) task.setUpRetryAt = now.mono + backOffDelay(task.setUpAttempts);
  cleanUp(task, now, out);
}

}  // namespace berth::agent
