// Strangers: containers that carry this agent's label and whose task it has no record of, because a record or
// all of the state was lost. They run on until the controller has said what it wants of their task: a payload
// makes them known again; a manifest without the task lets them go; a task that is listed and never sent ends
// in order, and says why. Until the controller has spoken nothing happens to them.
#include <algorithm>
#include <utility>

#include "agent/engine/engine.hpp"

namespace berth::agent {
namespace {

constexpr const char* kFamilyLabel = "com.amazonaws.ecs.task-definition-family";
constexpr const char* kVersionLabel = "com.amazonaws.ecs.task-definition-version";

constexpr const char* kLostReason =
    "The agent lost its record of the task, and the controller did not send the task again";

std::string valueOf(const RuntimeContainer& container, const char* key) {
  auto it = container.labels.find(key);
  return it == container.labels.end() ? std::string() : it->second;
}

}  // namespace

void Engine::keepStrangers(const std::vector<RuntimeContainer>& found, Now now) {
  std::map<ContainerKey, Stranger> before = std::exchange(strangers_, {});
  for (const RuntimeContainer& container : found) {
    ContainerKey key{valueOf(container, kTaskLabel), valueOf(container, kContainerLabel)};
    auto known = before.find(key);
    const WallTime since = known == before.end() ? now.wall : known->second.since;
    strangers_.insert_or_assign(std::move(key), Stranger{container, since});
  }
}

void Engine::recognise(Task& task, Output& out) {
  bool begun = false;
  const auto doubt = [&](Container& container) {
    // It may have been started, and by a start that is under way still: the runtime is asked before anything
    // is done, and what it does not have any more is not made anew.
    container.startIntended = container.startDoubted = container.uncertain = true;
    begun = true;
  };
  for (auto it = strangers_.lower_bound({task.arn, ""});
       it != strangers_.end() && it->first.taskArn == task.arn; it = strangers_.erase(it)) {
    Container* container = task.find(it->first.container);
    if (!container) {
      out.effects.push_back(RemoveEffect{{}, it->second.seen.id, true});
      continue;
    }
    container->runtimeId = it->second.seen.id;
    const std::string endpoint = valueOf(it->second.seen, kEndpointLabel);
    if (!endpoint.empty()) container->endpoint = endpoint;
    doubt(*container);
  }
  if (task.spec.begun) std::ranges::for_each(task.containers, doubt);
  if (!begun) return;
  if (!task.admitted && !task.stopWanted) {
    // What runs has its room already.
    task.admitted = true;
    std::erase(queue_, task.arn);
    hold(task);
  }
  save(task);
}

void Engine::dropUnwanted(Output& out) {
  if (!listed_ || !restored_) return;
  while (!strangers_.empty()) {
    auto unwanted = std::ranges::find_if(
        strangers_, [&](const auto& one) { return !listed_->contains(one.first.taskArn); });
    if (unwanted == strangers_.end()) break;
    out.effects.push_back(RemoveEffect{{}, unwanted->second.seen.id, true});
    strangers_.erase(unwanted);
  }
}

void Engine::endUnsent(Now now, Output& out) {
  if (!listed_ || !restored_ || now.mono < strangersBy_) return;
  while (!strangers_.empty()) endStranger(strangers_.begin()->first.taskArn, now, out);
}

void Engine::endStranger(const std::string& arn, Now now, Output& out) {
  acs::Task payload;
  payload.arn = arn;
  payload.desiredStatus = "STOPPED";
  for (auto it = strangers_.lower_bound({arn, ""}); it != strangers_.end() && it->first.taskArn == arn;
       ++it) {
    payload.family = valueOf(it->second.seen, kFamilyLabel);
    payload.version = valueOf(it->second.seen, kVersionLabel);
    acs::Container container;
    container.name = it->first.container;
    container.image = "unknown";
    payload.containers.push_back(std::move(container));
  }
  Task task = makeTask(payload);
  for (Container& container : task.containers) {
    container.internal = container.internal || container.spec.name == kPauseName;
  }
  task.since = now.wall;
  task.reason = kLostReason;
  Task& added = tasks_.insert_or_assign(arn, std::move(task)).first->second;
  recognise(added, out);
  advance(added, now, out);
}

void Engine::addStrangers(std::vector<Waiting>& out) const {
  for (const auto& [key, stranger] : strangers_) {
    Waiting one{key, "the controller, to say whether it wants a task of which the agent has lost its record",
                stranger.since, std::nullopt};
    out.push_back(std::move(one));
  }
}

}  // namespace berth::agent
