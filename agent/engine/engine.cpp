#include "agent/engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "agent/model/order.hpp"

namespace berth::agent {
Engine::Engine(Identity identity, EngineOptions options, Random& random)
    : identity_(std::move(identity)), options_(options), random_(random) {}

Output Engine::finish(Output out) {
  // What was given back in this call may let others in, which may end and give back in turn.
  while (std::exchange(room_, false)) admit(lastNow_, out);
  for (const std::string& arn : dirty_) {
    if (auto it = tasks_.find(arn); it != tasks_.end()) out.save.push_back(it->second);
  }
  dirty_.clear();
  out.touched.assign(touched_.begin(), touched_.end());
  touched_.clear();
  return out;
}

Container* Engine::find(const ContainerKey& key, Task** task) {
  auto it = tasks_.find(key.taskArn);
  if (it == tasks_.end()) return nullptr;
  *task = &it->second;
  touched_.insert(key.taskArn);
  deadlines_.forget(**task);
  return it->second.find(key.container);
}

Container* Engine::stepEnded(const ContainerKey& key, Task** task) {
  Container* container = find(key, task);
  if (!container) return nullptr;
  container->inFlight = Step::None;
  if (listing_) moved_.insert(container->runtimeId);
  return container;
}

void Engine::settle(Task& task, Container& container, Now now, Output& out) {
  if (container.recheck && container.known != ContainerStatus::Stopped) container.uncertain = true;
  container.recheck = false;
  advance(task, now, out);
}

Output Engine::onMessage(const acs::ToAgent& message, Now now) {
  lastNow_ = now;
  Output out;
  std::visit([&](const auto& m) { handle(m, now, out); }, message);
  // Only with a controller that speaks: a broken connection is no sign that a task is not wanted.
  endUnsent(now, out);
  return finish(std::move(out));
}

void Engine::handle(const acs::PayloadMessage& payload, Now now, Output& out) {
  if (payload.containerInstanceArn != identity_.instanceArn) return;
  highestSeq_ = std::max(highestSeq_, payload.seqNum);
  for (const acs::RefusedTask& refused : payload.refused) {
    auto [it, added] = tasks_.try_emplace(refused.arn, makeRefusedTask(refused.arn, refused.reason, now));
    if (added) save(it->second);
    advance(it->second, now, out);
  }
  // Stops first: they free what the others may need.
  for (bool stops : {true, false}) {
    for (const acs::Task& task : payload.tasks) {
      if ((task.desiredStatus == "STOPPED") == stops) accept(task, now, out);
    }
  }
  acs::AckRequest ack{payload.clusterArn, identity_.instanceArn, payload.messageId};
  out.effects.push_back(SendEffect{std::move(ack)});
  for (const acs::Task& task : payload.tasks) {
    for (const auto* credentials : {&task.roleCredentials, &task.executionCredentials}) {
      if (!*credentials) continue;
      out.effects.push_back(SendEffect{
          acs::CredentialsAckRequest{payload.messageId, (*credentials)->expiration, (*credentials)->id}});
    }
  }
}

Task Engine::newTask(const acs::Task& payload, Now now) {
  const auto refused = [&](const std::string& reason) { return makeRefusedTask(payload.arn, reason, now); };
  Task task = makeTask(payload);
  // A stop needs no more than the ARN, whatever else is odd about the task.
  if (task.stopWanted) return task;
  if (auto why = refusal(payload, options_.support)) {
    return refused("UnrecogniedTaskError: Error loading task - " + *why);
  }
  if (auto why = brokenOrder(payload)) {
    return refused("Task dependencies cannot be resolved, taskArn: " + payload.arn + ": " + *why);
  }
  if (options_.host) {
    if (auto why = neverFits(needsOf(task), *options_.host)) {
      return refused("ResourceError: The task asks for " + *why);
    }
  }
  for (Container& container : task.containers) container.endpoint = randomUuid(random_);
  task.arrival = ++arrivals_;
  task.since = now.wall;
  task.admitBy = now.mono + options_.admissionLimit;
  queue_.push_back(task.arn);
  room_ = true;
  return task;
}

void Engine::accept(const acs::Task& payload, Now now, Output& out) {
  auto it = tasks_.find(payload.arn);
  if (it == tasks_.end()) {
    it = tasks_.emplace(payload.arn, newTask(payload, now)).first;
    save(it->second);
    if (!restored_) early_.insert(payload.arn);
    recognise(it->second, out);
  } else {
    // A payload that is sent again brings the credentials anew.
    if (payload.roleCredentials) holdCredentials(it->second, *payload.roleCredentials, false);
    if (payload.executionCredentials) holdCredentials(it->second, *payload.executionCredentials, true);
    if (payload.desiredStatus == "STOPPED") wantStop(it->second);
  }
  advance(it->second, now, out);
}

void Engine::wantStop(Task& task) {
  if (task.stopWanted) return;
  task.stopWanted = true;
  // Who came behind it in the queue may be next.
  if (!task.admitted) room_ = true;
  save(task);
}

void Engine::handle(const acs::HeartbeatMessage& heartbeat, Now, Output& out) {
  out.effects.push_back(SendEffect{acs::HeartbeatAckRequest{heartbeat.messageId}});
}

void Engine::holdCredentials(Task& task, const acs::Credentials& credentials, bool execution) {
  auto& held = execution ? task.spec.executionCredentials : task.spec.roleCredentials;
  auto& id = execution ? task.executionRoleId : task.roleId;
  held = credentials;
  touched_.insert(task.arn);
  if (id == credentials.id) return;
  id = credentials.id;
  save(task);
}

void Engine::handle(const acs::CredentialsMessage& message, Now now, Output& out) {
  auto it = tasks_.find(message.taskArn);
  // Not acknowledged, as the protocol has it: it is sent again, and the task may come before that.
  if (it == tasks_.end()) return;
  holdCredentials(it->second, message.credentials, message.execution);
  out.effects.push_back(SendEffect{
      acs::CredentialsAckRequest{message.messageId, message.credentials.expiration, message.credentials.id}});
  advance(it->second, now, out);
}

void Engine::handle(const acs::TaskManifestMessage& manifest, Now now, Output& out) {
  if (manifest.containerInstanceArn != identity_.instanceArn) return;
  if (manifest.timeline <= std::max(timeline_, highestSeq_)) return;
  timeline_ = manifest.timeline;
  out.timeline = timeline_;
  manifestId_ = manifest.messageId;
  std::map<std::string, std::string> wanted;
  listed_.emplace();
  strangersBy_ = now.mono + options_.strangerGrace;
  for (const acs::TaskIdentity& task : manifest.tasks) {
    wanted[task.taskArn] = task.desiredStatus;
    listed_->insert(task.taskArn);
  }
  dropUnwanted(out);
  acs::TaskStopVerificationMessage verification;
  verification.messageId = manifest.messageId;
  for (const auto& [arn, task] : tasks_) {
    if (mustStop(task)) continue;
    if (auto it = wanted.find(arn); it != wanted.end() && it->second == "RUNNING") continue;
    verification.stopCandidates.push_back(acs::TaskIdentity{arn, manifest.clusterArn, "STOPPED"});
  }
  acs::AckRequest ack{manifest.clusterArn, identity_.instanceArn, manifest.messageId};
  out.effects.push_back(SendEffect{std::move(ack)});
  if (!verification.stopCandidates.empty()) out.effects.push_back(SendEffect{std::move(verification)});
}

void Engine::handle(const acs::TaskStopVerificationAck& ack, Now now, Output& out) {
  if (manifestId_.empty() || ack.messageId != manifestId_) return;
  manifestId_.clear();
  for (const acs::TaskIdentity& stop : ack.stopTasks) {
    auto it = tasks_.find(stop.taskArn);
    if (it == tasks_.end()) continue;
    wantStop(it->second);
    advance(it->second, now, out);
  }
}

void Engine::handle(const acs::OtherMessage& other, Now, Output& out) {
  const bool update = other.type == "StageUpdateMessage" || other.type == "PerformUpdateMessage";
  if (!update || other.messageId.empty()) return;
  out.effects.push_back(SendEffect{
      acs::NackRequest{other.clusterArn, identity_.instanceArn, other.messageId, "Updates are disabled"}});
}

Output Engine::onDone(Done done, Now now) {
  lastNow_ = now;
  Output out;
  std::visit([&](const auto& d) { finished(d, now, out); }, done);
  return finish(std::move(out));
}

}  // namespace berth::agent
