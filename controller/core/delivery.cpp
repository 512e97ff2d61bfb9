#include "controller/core/delivery.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/api/task_shape.hpp"

namespace berth::controller {

Delivery::Delivery(SessionId session, std::string instance, const ecs::Names& names, DeliveryOptions options,
                   Random& random, Now now)
    : session_(session),
      instance_(std::move(instance)),
      names_(names),
      options_(options),
      random_(random),
      beatenAt_(now.mono),
      heardAt_(now.mono) {}

acs::TaskManifestMessage Delivery::manifest(const State& state, int64_t timeline, Now now) {
  timeline_ = timeline;
  acs::TaskManifestMessage message;
  message.messageId = manifestId_ = randomUuid(random_);
  const Instance& instance = *state.instance(instance_);
  message.clusterArn = names_.cluster(instance.cluster).str();
  message.containerInstanceArn = names_.instance(instance.cluster, instance_).str();
  message.generatedAt = toEpochMillis(now.wall);
  message.timeline = timeline;
  for (const std::string& id : state.tasksOn(instance_)) {
    const Task& task = *state.task(id);
    if (task.lastStatus == TaskStatus::Stopped) continue;
    message.tasks.push_back(acs::TaskIdentity{names_.task(task.cluster, id).str(), message.clusterArn,
                                              task.stopWanted ? "STOPPED" : "RUNNING"});
  }
  return message;
}

acs::PayloadMessage Delivery::payload(const State& state, const std::vector<const Task*>& tasks, Now now) {
  const Instance& instance = *state.instance(instance_);
  acs::PayloadMessage message;
  message.messageId = randomUuid(random_);
  message.clusterArn = names_.cluster(instance.cluster).str();
  message.containerInstanceArn = names_.instance(instance.cluster, instance_).str();
  message.seqNum = timeline_;
  message.generatedAt = toEpochMillis(now.wall);
  Outstanding& outstanding = outstanding_[message.messageId];
  outstanding.resendAt = now.mono + options_.resend;
  for (const Task* task : tasks) {
    const TaskDefinition* definition = state.definition(task->definition);
    Json document = parsed(definition->document, Json::object());
    auto merged = overridden(document, parsed(task->overrides, Json::object()));
    message.tasks.push_back(payloadOf(std::get<Json>(merged), *definition, *task, names_));
    message.tasks.back().begun = task->lastStatus == TaskStatus::Running;
    outstanding.tasks[task->id] = task->stopWanted;
    sent_[task->id] = task->stopWanted;
  }
  return message;
}

std::vector<acs::ToAgent> Delivery::payloads(const State& state, const std::set<std::string>& tasks,
                                             Now now) {
  std::vector<acs::ToAgent> out;
  std::vector<const Task*> batch;
  auto flush = [&] {
    if (!batch.empty()) out.emplace_back(payload(state, batch, now));
    batch.clear();
  };
  for (const std::string& id : tasks) {
    const Task* task = state.task(id);
    if (!task || task->lastStatus == TaskStatus::Stopped) continue;
    if (!task->stopWanted && task->lastStatus != TaskStatus::Pending && !sendAll_) continue;
    if (auto it = sent_.find(id); it != sent_.end() && (it->second || !task->stopWanted)) continue;
    batch.push_back(task);
    if (batch.size() == options_.tasksPerPayload) flush();
  }
  flush();
  return out;
}

void Delivery::acknowledged(const std::string& messageId) { outstanding_.erase(messageId); }

std::optional<acs::TaskStopVerificationAck> Delivery::verify(const State& state,
                                                             const acs::TaskStopVerificationMessage& message,
                                                             Now now) {
  if (manifestId_.empty() || message.messageId != manifestId_) return std::nullopt;
  acs::TaskStopVerificationAck ack;
  ack.messageId = message.messageId;
  ack.generatedAt = toEpochMillis(now.wall);
  for (const acs::TaskIdentity& candidate : message.stopCandidates) {
    // Agents have tasks of their own, under ARNs that are none of ours: those are not for us to stop.
    auto reference = names_.parseTask(candidate.taskArn);
    if (!reference || !reference->cluster) continue;
    const Task* task = state.task(reference->id);
    bool wanted =
        task && task->instance == instance_ && !task->stopWanted && task->lastStatus != TaskStatus::Stopped;
    if (!wanted) ack.stopTasks.push_back(candidate);
  }
  return ack;
}

std::vector<acs::ToAgent> Delivery::due(const State& state, Now now) {
  std::vector<acs::ToAgent> out;
  if (now.mono >= nextHeartbeat()) {
    beatenAt_ = now.mono;
    out.emplace_back(acs::HeartbeatMessage{randomUuid(random_), true});
  }
  std::set<std::string> again;
  for (auto it = outstanding_.begin(); it != outstanding_.end();) {
    if (now.mono < it->second.resendAt) {
      ++it;
      continue;
    }
    for (const auto& [id, stop] : it->second.tasks) {
      auto sent = sent_.find(id);
      // A later message may have said more than this one; that one is repeated by itself.
      if (sent != sent_.end() && sent->second == stop) {
        sent_.erase(sent);
        again.insert(id);
      }
    }
    it = outstanding_.erase(it);
  }
  for (acs::ToAgent& message : payloads(state, again, now)) out.push_back(std::move(message));
  return out;
}

MonoTime Delivery::nextHeartbeat() const {
  return std::min(beatenAt_ + options_.heartbeat, std::max(beatenAt_, heardAt_) + options_.lostAfter / 3);
}

MonoTime Delivery::nextDeadline() const {
  MonoTime next = std::min(nextHeartbeat(), heardAt_ + options_.lostAfter);
  for (const auto& [id, outstanding] : outstanding_) next = std::min(next, outstanding.resendAt);
  return next;
}

}  // namespace berth::controller
