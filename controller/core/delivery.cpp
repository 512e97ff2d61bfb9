#include "controller/core/delivery.hpp"

#include <algorithm>
#include <map>

#include "controller/discovery/endpoint.hpp"

namespace berth::controller {
namespace {

/// Heartbeats are sent at multiples of this, or of less, as soon as that may be before they are due.
constexpr Duration kLongestBeat = std::chrono::seconds(1);

/// How much longer the stop of a task waits; zero: it does not.
Duration holdOf(const State& state, const Task& task, Duration drain, Now now) {
  const auto until = drainsUntil(state, task, drain);
  // A clock that was set back holds nothing up.
  if (!until || now.wall >= *until || now.wall < *task.stoppingAt) return Duration::zero();
  return *until - now.wall;
}

}  // namespace

Delivery::Delivery(SessionId session, std::string instance, const ecs::Names& names, Payloads& payloads,
                   DeliveryOptions options, Random& random, Now now)
    : session_(session),
      instance_(std::move(instance)),
      names_(names),
      payloads_(payloads),
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
  for (const Task* task : state.tasksOn(instance_)) {
    if (task->lastStatus == TaskStatus::Stopped) continue;
    const bool stops = task->stopWanted && holdOf(state, *task, options_.drain, now) == Duration::zero();
    message.tasks.push_back(acs::TaskIdentity{names_.task(task->spec->cluster, task->id).str(),
                                              message.clusterArn, stops ? "STOPPED" : "RUNNING"});
  }
  return message;
}

bool Delivery::isOutstanding(const std::string& task) const {
  return std::ranges::any_of(outstanding_, [&](const Outstanding& one) {
    return std::ranges::find(one.tasks, task, &std::pair<std::string, bool>::first) != one.tasks.end();
  });
}

bool Delivery::isHeld(const std::string& task) const {
  return std::ranges::any_of(held_, [&](const auto& one) { return one.second == task; });
}

acs::PayloadMessage Delivery::payload(const State& state, const std::vector<const Task*>& tasks, Now now,
                                      bool all) {
  const Instance& instance = *state.instance(instance_);
  acs::PayloadMessage message;
  message.messageId = randomUuid(random_);
  message.clusterArn = names_.cluster(instance.cluster).str();
  message.containerInstanceArn = names_.instance(instance.cluster, instance_).str();
  message.seqNum = timeline_;
  message.generatedAt = toEpochMillis(now.wall);
  Outstanding& outstanding =
      outstanding_.emplace_back(Outstanding{message.messageId, {}, now.mono + options_.resend, all});
  for (const Task* task : tasks) {
    message.tasks.push_back(payloads_.of(state, *task));
    outstanding.tasks.emplace_back(task->id, task->stopWanted);
    sent_[task->id] = task->stopWanted;
  }
  return message;
}

bool Delivery::hold(const State& state, const Task& task, Now now) {
  const Duration wait = holdOf(state, task, options_.drain, now);
  if (wait == Duration::zero()) return false;
  if (!isHeld(task.id)) held_.emplace(now.mono + wait, task.id);
  return true;
}

std::vector<const Task*> Delivery::released(const State& state, Now now) {
  std::vector<const Task*> out;
  while (!held_.empty() && held_.begin()->first <= now.mono) {
    if (const Task* task = state.task(held_.begin()->second)) out.push_back(task);
    held_.erase(held_.begin());
  }
  return out;
}

std::vector<acs::ToAgent> Delivery::payloads(const State& state, const std::vector<const Task*>& tasks,
                                             Now now, bool all) {
  std::vector<acs::ToAgent> out;
  std::vector<const Task*> batch;
  auto flush = [&] {
    if (!batch.empty()) out.emplace_back(payload(state, batch, now, all));
    batch.clear();
  };
  for (const Task* task : tasks) {
    const bool over = task->lastStatus == TaskStatus::Stopped;
    if (over || (!task->stopWanted && task->lastStatus != TaskStatus::Pending && !all)) {
      if (!isOutstanding(task->id)) sent_.erase(task->id);
      continue;
    }
    if (auto it = sent_.find(task->id); it != sent_.end() && (it->second || !task->stopWanted)) continue;
    if (task->stopWanted && hold(state, *task, now)) continue;
    batch.push_back(task);
    if (batch.size() == options_.tasksPerPayload) flush();
  }
  flush();
  return out;
}

void Delivery::acknowledged(const std::string& messageId) {
  const auto found = std::ranges::find(outstanding_, messageId, &Outstanding::messageId);
  if (found != outstanding_.end()) outstanding_.erase(found);
}

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
    if (!reference || !candidate.taskArn.starts_with("arn:")) continue;
    const Task* task = state.task(reference->id);
    const bool ours = task && task->instance == instance_ && task->lastStatus != TaskStatus::Stopped;
    const bool wanted =
        ours && (!task->stopWanted || holdOf(state, *task, options_.drain, now) > Duration::zero());
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
  for (acs::ToAgent& message : payloads(state, released(state, now), now)) out.push_back(std::move(message));
  std::map<bool, std::vector<const Task*>> again;
  for (auto it = outstanding_.begin(); it != outstanding_.end();) {
    if (now.mono < it->resendAt) {
      ++it;
      continue;
    }
    for (const auto& [id, stop] : it->tasks) {
      auto sent = sent_.find(id);
      // A later message may have said more than this one; that one is repeated by itself.
      if (sent != sent_.end() && sent->second == stop) {
        sent_.erase(sent);
        if (const Task* task = state.task(id)) again[it->all].push_back(task);
      }
    }
    it = outstanding_.erase(it);
  }
  for (const auto& [all, tasks] : again) {
    for (acs::ToAgent& message : payloads(state, tasks, now, all)) out.push_back(std::move(message));
  }
  return out;
}

MonoTime Delivery::nextHeartbeat() const {
  // A quiet agent has a third of the time for its answer.
  const MonoTime next =
      std::min(beatenAt_ + options_.heartbeat, std::max(beatenAt_, heardAt_) + options_.lostAfter * 2 / 3);
  // All sessions' at the same moments: a timer and a wake-up for many at once cost less than one for each.
  const Duration beat = std::min<Duration>(kLongestBeat, options_.lostAfter / 15);
  const MonoTime together(next.time_since_epoch() / beat * beat);
  return together > std::max(beatenAt_, heardAt_) ? together : next;
}

MonoTime Delivery::nextDeadline() const {
  MonoTime next = std::min(nextHeartbeat(), heardAt_ + options_.lostAfter);
  for (const Outstanding& one : outstanding_) next = std::min(next, one.resendAt);
  if (!held_.empty()) next = std::min(next, held_.begin()->first);
  return next;
}

}  // namespace berth::controller
