// Where the engine compares what it knows with what the runtime has: at start, after the event stream broke,
// and now and then. One code for all three.
#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/engine/engine.hpp"

namespace berth::agent {
namespace {

std::string label(const RuntimeContainer& container, const char* key) {
  auto it = container.labels.find(key);
  return it == container.labels.end() ? std::string() : it->second;
}

void bringForward(std::optional<MonoTime>& next, const std::optional<MonoTime>& at) {
  if (at && (!next || *at < *next)) next = at;
}

}  // namespace

Output Engine::restore(std::vector<Task> stored, int64_t timeline, Now now) {
  lastNow_ = now;
  timeline_ = timeline;
  std::ranges::sort(stored, {}, &Task::arrival);
  for (Task& task : stored) {
    arrivals_ = std::max(arrivals_, task.arrival);
    task.since = now.wall;
    task.credentialsBy = now.mono + options_.credentialsWait;
    if (statusOf(task) != TaskStatus::Stopped && task.admitted) {
      hold(task);
    } else if (!task.admitted && !mustStop(task)) {
      task.admitBy = now.mono + options_.admissionLimit;
      queue_.push_back(task.arn);
    }
    for (Container& container : task.containers) {
      // The start may have been asked for in the instant before the agent ended.
      const bool starting = container.known < ContainerStatus::Running || container.restarting;
      container.startDoubted = container.startIntended && starting;
    }
    tasks_.emplace(task.arn, std::move(task));
  }
  restored_ = false;
  Output out;
  list(now, out);
  return out;
}

void Engine::list(Now now, Output& out) {
  listing_ = true;
  listAgain_ = false;
  moved_.clear();
  nextList_ = now.mono + options_.recheck;
  out.effects.push_back(ListEffect{});
}

Output Engine::onRuntimeEvent(const RuntimeEvent& event, Now now) {
  lastNow_ = now;
  Output out;
  if (event.kind == RuntimeEvent::Kind::Connected) {
    // A list that is under way may be older than the first event that will be told.
    if (listing_) {
      listAgain_ = true;
    } else {
      list(now, out);
    }
  }
  if (event.kind != RuntimeEvent::Kind::ContainerChanged) return out;
  if (listing_) moved_.insert(event.containerId);
  if (!restored_) return out;
  for (auto& [arn, task] : tasks_) {
    for (Container& container : task.containers) {
      if (container.runtimeId.empty() || container.runtimeId != event.containerId) continue;
      if (container.removed || container.inFlight == Step::Remove) return out;
      if (container.inFlight != Step::None) {
        // The answer under way may be older than this event; a start causes its own "start" event.
        if (container.inFlight != Step::Start || event.detail != "start") container.recheck = true;
        return out;
      }
      if (container.known == ContainerStatus::Stopped) {
        out.effects.push_back(InspectEffect{{arn, container.spec.name}, container.runtimeId});
        return out;
      }
      container.uncertain = true;
      container.retryAt.reset();
      advance(task, now, out);
      return finish(std::move(out));
    }
  }
  return out;
}

void Engine::finished(const ListDone& done, Now now, Output& out) {
  listing_ = false;
  if (!done.result) {
    // Nothing can be said about any container before the runtime answers; ask until it does.
    nextList_ = now.mono + options_.retryFirst;
    return;
  }
  nextList_ = listAgain_ ? now.mono : now.mono + options_.recheck;
  std::map<ContainerKey, const RuntimeContainer*> seen;
  std::vector<RuntimeContainer> strangers;
  for (const RuntimeContainer& container : *done.result) {
    ContainerKey key{label(container, kTaskLabel), label(container, kContainerLabel)};
    Task* task = nullptr;
    const bool known = find(key, &task) != nullptr;
    if ((!task || early_.contains(key.taskArn)) && !key.taskArn.empty() && !key.container.empty()) {
      strangers.push_back(container);
    } else if (!known) {
      out.effects.push_back(RemoveEffect{{}, container.id, true});
    }
    if (known) seen[key] = &container;
  }
  if (!restored_) room_ = true;
  restored_ = true;
  keepStrangers(strangers, now);
  for (const std::string& arn : std::exchange(early_, {})) {
    if (auto it = tasks_.find(arn); it != tasks_.end()) recognise(it->second, out);
  }
  dropUnwanted(out);
  for (auto& [arn, task] : tasks_) {
    for (Container& container : task.containers) {
      if (container.inFlight != Step::None) continue;
      auto it = seen.find(ContainerKey{arn, container.spec.name});
      takeListed(task, container, it == seen.end() ? nullptr : it->second, now, out);
    }
  }
  advanceAll(now, out);
}

void Engine::takeListed(Task& task, Container& container, const RuntimeContainer* listed, Now now,
                        Output& out) {
  const bool stopped = container.known == ContainerStatus::Stopped;
  if (!listed) {
    // The list may be older than the container: ask for this one.
    if (!stopped && !container.runtimeName.empty() && mayExist(container)) container.uncertain = true;
  } else if (!listed->unread && !moved_.contains(listed->id)) {
    see(task, container, *listed, now, out);
  } else if (!stopped) {
    container.uncertain = true;
  } else if (!container.removed) {
    // What is STOPPED must not run, and an event that said so may have come before this.
    out.effects.push_back(InspectEffect{{task.arn, container.spec.name}, listed->id});
  }
}

Output Engine::onTimer(Now now) {
  lastNow_ = now;
  Output out;
  room_ = !queue_.empty();
  std::erase_if(tails_, [&](const auto& tail) { return now.mono >= tail.second; });
  if (nextList_ && now.mono >= *nextList_ && !listing_) list(now, out);
  advanceAll(now, out);
  return finish(std::move(out));
}

std::optional<MonoTime> Engine::nextDeadline() const {
  std::optional<MonoTime> next;
  const auto consider = [&](const std::optional<MonoTime>& at) { bringForward(next, at); };
  if (!listing_) consider(nextList_);
  for (const auto& [key, until] : tails_) consider(until);
  if (!restored_) return next;
  consider(deadlines_.earliest(tasks_, [this](const Task& task) { return deadlineOf(task); }));
  return next;
}

std::optional<MonoTime> Engine::deadlineOf(const Task& task) const {
  std::optional<MonoTime> next;
  const auto consider = [&](const std::optional<MonoTime>& at) { bringForward(next, at); };
  if (!task.reporting) consider(task.reportRetryAt);
  if (!task.admitted && !mustStop(task)) consider(task.admitBy);
  if (task.setUp != SetUp::Doing && task.setUp != SetUp::TearingDown) consider(task.setUpRetryAt);
  bool busy = task.setUp == SetUp::TearingDown || task.setUpRetryAt.has_value();
  for (const Container& container : task.containers) {
    busy |= container.inFlight != Step::None || container.retryAt.has_value();
    if (container.known != ContainerStatus::Stopped) {
      consider(nextAction(task, container, lastNow_.mono, options_.rules).at);
    } else if (container.inFlight == Step::None && task.cleanUpAt) {
      consider(container.retryAt);
    }
  }
  if (!busy) consider(task.cleanUpAt);
  return next;
}

Output Engine::holdUp(std::string why) {
  Output out;
  if (why == heldUp_) return out;
  heldUp_ = std::move(why);
  for (const auto& [arn, task] : tasks_) out.touched.push_back(arn);
  return out;
}

std::vector<Waiting> Engine::waiting(Now now) const {
  std::vector<Waiting> out;
  for (const auto& [arn, task] : tasks_) {
    std::vector<Waiting> more = waiting(arn, now);
    std::ranges::move(more, std::back_inserter(out));
  }
  addStrangers(out);
  return out;
}

std::vector<Waiting> Engine::waiting(const std::string& taskArn, Now now) const {
  std::vector<Waiting> out;
  auto it = tasks_.find(taskArn);
  if (it == tasks_.end()) return out;
  const Task& task = it->second;
  for (const Container& container : task.containers) {
    Wait wait = waitOf(task, container, now.mono);
    if (!restored_ && container.known != ContainerStatus::Stopped) {
      wait = Wait{"the runtime, to list its containers", std::nullopt};
    }
    if (wait.what.empty()) continue;
    if (!heldUp_.empty()) wait = Wait{"the agent's state, which can't be written: " + heldUp_, std::nullopt};
    Waiting one{{task.arn, container.spec.name}, std::move(wait.what)};
    one.since = container.stepSince.value_or(task.since);
    if (wait.until)
      one.until = now.wall + std::chrono::ceil<std::chrono::milliseconds>(*wait.until - now.mono);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace berth::agent
